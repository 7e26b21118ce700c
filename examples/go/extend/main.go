// Command extend extends a signature to the first publication after it: from then on it rests on no key.
// TRUST is the folder with the ledger's root certificate, the name of its publisher, and its
// publications file, as pitser trust fetch makes it. FILE.ksig is replaced, once pitser verify says yes to
// the extended signature: who extends need not be believed.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/grpc"

	"example.org/issuer/internal/ledger"
	"example.org/issuer/pitserv1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 || len(os.Args) > 4 {
		log.Fatal("usage: extend FILE.ksig TRUST [HOST:PORT]")
	}
	server := "127.0.0.1:7380"
	if len(os.Args) == 4 {
		server = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], server); err != nil {
		log.Fatal("extend: ", err)
	}
}

func run(path, trust, server string) error {
	signature, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	conn, err := ledger.Dial(server)
	if err != nil {
		return err
	}
	defer conn.Close()
	extender := pitserv1.NewExtenderClient(conn)

	var answer *pitserv1.ExtendSignatureResponse
	err = ledger.Retry(func(ctx context.Context, options ...grpc.CallOption) error {
		request := &pitserv1.ExtendSignatureRequest{Signature: signature}
		answer, err = extender.ExtendSignature(ctx, request, options...)
		return err
	})
	if err != nil {
		return err
	}
	if err := ledger.ReplaceChecked(path, answer.Signature, "verify", "--policy", "publications-file",
		"--trust", trust); err != nil {
		return err
	}
	fmt.Printf("%s: extended to %d (Unix seconds)\n", path, answer.Publication.Time)
	return nil
}
