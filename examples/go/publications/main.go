// Command publications fetches the ledger's publications file: the calendar roots that everybody may
// hold it to. TRUST is the folder with the ledger's root certificate and the name of its publisher, as
// pitser trust fetch makes it: pitser publications verify says yes to the file before it is written.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"

	"example.org/issuer/internal/ledger"
	"example.org/issuer/pitserv1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 || len(os.Args) > 4 {
		log.Fatal("usage: publications OUT TRUST [HOST:PORT]")
	}
	server := "127.0.0.1:7380"
	if len(os.Args) == 4 {
		server = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], server); err != nil {
		log.Fatal("publications: ", err)
	}
}

func run(path, trust, server string) error {
	conn, err := ledger.Dial(server)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := pitserv1.NewPublicationsClient(conn)

	var content []byte
	err = ledger.Retry(func(ctx context.Context, options ...grpc.CallOption) error {
		content, err = fetch(ctx, client, options...)
		return err
	})
	if err != nil {
		return err
	}
	if err := ledger.ReplaceChecked(path, content, "publications", "verify", "--trust", trust); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", path, len(content))
	return nil
}

// fetch joins the pieces, of at most 1 MiB, in which the file comes.
func fetch(ctx context.Context, client pitserv1.PublicationsClient,
	options ...grpc.CallOption) ([]byte, error) {
	stream, err := client.GetPublicationsFile(ctx, &pitserv1.GetPublicationsFileRequest{}, options...)
	if err != nil {
		return nil, err
	}
	var content []byte
	for {
		piece, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return nil, err
		}
		content = append(content, piece.Data...)
	}
}
