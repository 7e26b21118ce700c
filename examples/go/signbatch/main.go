// Command signbatch signs all files of a folder in one call and writes each signature beside its file,
// as FILE.ksig. One call signs up to Limits.max_batch hashes (GetServerInfo tells), all in one second;
// for more, make more calls. It is the whole batch or an error.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"google.golang.org/grpc"

	"example.org/issuer/internal/ledger"
	"example.org/issuer/pitserv1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: signbatch FOLDER [HOST:PORT]")
	}
	server := "127.0.0.1:7380"
	if len(os.Args) == 3 {
		server = os.Args[2]
	}
	if err := run(os.Args[1], server); err != nil {
		log.Fatal("signbatch: ", err)
	}
}

func run(folder, server string) error {
	files, digests, err := hashFolder(folder)
	if err != nil {
		return err
	}
	conn, err := ledger.Dial(server)
	if err != nil {
		return err
	}
	defer conn.Close()
	signer := pitserv1.NewSignerClient(conn)

	var signatures [][]byte
	err = ledger.Retry(func(ctx context.Context, options ...grpc.CallOption) error {
		signatures, err = signBatch(ctx, signer, digests, options...)
		return err
	})
	if err != nil {
		return err
	}
	if len(signatures) != len(files) {
		return fmt.Errorf("%d signatures for %d files", len(signatures), len(files))
	}
	for i, path := range files {
		if err := ledger.WriteNew(path+".ksig", signatures[i]); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %d files signed\n", folder, len(files))
	return nil
}

// signBatch gives a signature for each of the joined SHA-256 digests, in their order.
func signBatch(ctx context.Context, signer pitserv1.SignerClient, digests []byte,
	options ...grpc.CallOption) ([][]byte, error) {
	const sha256ID = 1
	request := &pitserv1.SignBatchRequest{Algorithm: sha256ID, Digests: digests}
	stream, err := signer.SignBatch(ctx, request, options...)
	if err != nil {
		return nil, err
	}
	var tail []byte
	var signatures [][]byte
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return signatures, nil
		}
		if err != nil {
			return nil, err
		}
		// What the signatures share comes once, in the first message. Each is its own part and then
		// the tail, behind the header of a KSI signature.
		if len(answer.Tail) > 0 {
			tail = answer.Tail
		}
		for _, part := range answer.Parts {
			signature := binary.BigEndian.AppendUint16([]byte{0x88, 0}, uint16(len(part)+len(tail)))
			signatures = append(signatures, append(append(signature, part...), tail...))
		}
	}
}

// The files of a folder and their digests, joined.
func hashFolder(folder string) (files []string, digests []byte, err error) {
	entries, err := os.ReadDir(folder) // By name.
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if !entry.Type().IsRegular() || filepath.Ext(path) == ".ksig" {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			return nil, nil, err
		}
		digest := sha256.New()
		_, err = io.Copy(digest, file)
		file.Close()
		if err != nil {
			return nil, nil, err
		}
		files = append(files, path)
		digests = digest.Sum(digests)
	}
	return files, digests, nil
}
