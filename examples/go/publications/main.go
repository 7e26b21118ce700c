// Command publications fetches the ledger's publications file: the calendar roots that everybody may
// hold it to. The file is signed. This program does not check that: who uses the file does, with the
// ledger's root certificate (pitser verify --trust).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"

	"example.org/issuer/internal/ledger"
	"example.org/issuer/pitserv1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: publications OUT [HOST:PORT]")
	}
	server := "127.0.0.1:7380"
	if len(os.Args) == 3 {
		server = os.Args[2]
	}
	if err := run(os.Args[1], server); err != nil {
		log.Fatal("publications: ", err)
	}
}

func run(path, server string) error {
	conn, err := ledger.Dial(server)
	if err != nil {
		return err
	}
	defer conn.Close()
	client := pitserv1.NewPublicationsClient(conn)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var content []byte
	err = ledger.Retry(ctx, func(ctx context.Context, options ...grpc.CallOption) error {
		content, err = fetch(ctx, client, options...)
		return err
	})
	if err != nil {
		return err
	}
	// The new file replaces the old one whole or not at all.
	if err := os.WriteFile(path+".new", content, 0o644); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
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
