//go:build generate

// Makes the stubs from the project's proto/, with the generators that go.mod pins:
//
//	go generate .
//
// protoc itself is Debian's protobuf-compiler.
package issuer

import (
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)

//go:generate go build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
//go:generate protoc -I ../../proto --plugin=bin/protoc-gen-go --plugin=bin/protoc-gen-go-grpc --go_out=. --go_opt=module=example.org/issuer --go_opt=Mpitser/v1/pitser.proto=example.org/issuer/pitserv1 --go-grpc_out=. --go-grpc_opt=module=example.org/issuer --go-grpc_opt=Mpitser/v1/pitser.proto=example.org/issuer/pitserv1 pitser/v1/pitser.proto
