// Command sign signs a file through a Pitser ledger and writes the signature beside it, as FILE.ksig.
// Only the hash of the file goes to the server.
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"google.golang.org/grpc"

	"example.org/issuer/internal/ledger"
	"example.org/issuer/pitserv1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: sign FILE [HOST:PORT]")
	}
	server := "127.0.0.1:7380"
	if len(os.Args) == 3 {
		server = os.Args[2]
	}
	if err := run(os.Args[1], server); err != nil {
		log.Fatal("sign: ", err)
	}
}

func run(path, server string) error {
	imprint, err := imprintOf(path)
	if err != nil {
		return err
	}
	conn, err := ledger.Dial(server)
	if err != nil {
		return err
	}
	defer conn.Close()
	signer := pitserv1.NewSignerClient(conn)

	var answer *pitserv1.SignResponse
	err = ledger.Retry(func(ctx context.Context, options ...grpc.CallOption) error {
		// The answer comes when the current second is over.
		answer, err = signer.Sign(ctx, &pitserv1.SignRequest{Imprint: imprint}, options...)
		return err
	})
	if err != nil {
		return err
	}
	if err := ledger.WriteNew(path+".ksig", answer.Signature); err != nil {
		return err
	}
	fmt.Printf("%s.ksig: signed at %d (Unix seconds), through %s\n", path, answer.AggregationTime,
		strings.Join(answer.AccountPath, " :: "))
	return nil
}

// An imprint is the algorithm's id byte, 1 for SHA-256, and the digest.
func imprintOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return nil, err
	}
	return digest.Sum([]byte{1}), nil
}
