// Command extend extends a signature to the first publication after it: from then on it rests on no
// key. PUBLICATIONS is the ledger's publications file (publications fetches it). FILE.ksig is replaced.
// Nothing here asks whether the publications file is genuine: pitser verify --trust does, of the
// extended signature as of any other.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"

	"example.org/issuer/internal/ledger"
	"example.org/issuer/pitserv1"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 3 || len(os.Args) > 4 {
		log.Fatal("usage: extend FILE.ksig PUBLICATIONS [HOST:PORT]")
	}
	server := "127.0.0.1:7380"
	if len(os.Args) == 4 {
		server = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], server); err != nil {
		log.Fatal("extend: ", err)
	}
}

func run(path, publicationsPath, server string) error {
	signature, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	publications, err := os.ReadFile(publicationsPath)
	if err != nil {
		return err
	}
	body, err := find(signature, signatureType)
	if err != nil {
		return err
	}
	old, err := chainIn(body)
	if err != nil {
		return err
	}
	goal, err := firstPublication(publications, old.aggregationTime)
	if err != nil {
		return err
	}
	answer, err := askForChain(server, old.aggregationTime, goal.time)
	if err != nil {
		return err
	}
	if err := check(answer, old, goal); err != nil {
		return err
	}
	if signature, err = extended(body, answer, goal.record); err != nil {
		return err
	}
	// The new signature replaces the old one whole or not at all.
	if err := os.WriteFile(path+".new", signature, 0o644); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	fmt.Printf("%s: extended to %d (Unix seconds)\n", path, goal.time)
	return nil
}

// The calendar hash chain from a second to a publication's, a complete 0x802 element.
func askForChain(server string, from, to uint64) ([]byte, error) {
	conn, err := ledger.Dial(server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	extender := pitserv1.NewExtenderClient(conn)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var answer *pitserv1.ExtendResponse
	err = ledger.Retry(ctx, func(ctx context.Context, options ...grpc.CallOption) error {
		request := &pitserv1.ExtendRequest{AggregationTime: from, PublicationTime: &to}
		answer, err = extender.Extend(ctx, request, options...)
		return err
	})
	return answer.GetCalendarHashChain(), err
}

type publication struct {
	time         uint64
	hash, record []byte // The calendar root, and the record with its references.
}

// The first publication of the file at or after a second.
func firstPublication(file []byte, second uint64) (publication, error) {
	content := bytes.TrimPrefix(file, []byte("KSIPUBLF"))
	if len(content) == len(file) {
		return publication{}, errors.New("not a publications file")
	}
	records, err := parse(content)
	if err != nil {
		return publication{}, err
	}
	for _, record := range records {
		if record.kind != fileRecordType {
			continue
		}
		data, err := find(record.value, publicationDataType)
		if err != nil {
			return publication{}, err
		}
		time, err := find(data, 0x02)
		if err != nil {
			return publication{}, err
		}
		hash, err := find(data, 0x04)
		if err != nil {
			return publication{}, err
		}
		if number(time) >= second {
			return publication{number(time), hash, record.value}, nil
		}
	}
	return publication{}, errors.New("there is no publication after it yet")
}

func chainIn(elements []byte) (calendarChain, error) {
	value, err := find(elements, calendarChainType)
	if err != nil {
		return calendarChain{}, err
	}
	return parseChain(value)
}

// check refuses a chain that does not go on where the signature is and end where the publication is.
func check(answer []byte, old calendarChain, goal publication) error {
	chain, err := chainIn(answer)
	if err != nil {
		return err
	}
	if !bytes.Equal(chain.inputHash, old.inputHash) || chain.aggregationTime != old.aggregationTime {
		return errors.New("the server's chain is of another second")
	}
	// They lead to the seconds before it.
	if !bytes.Equal(rightLinks(chain), rightLinks(old)) {
		return errors.New("the server tells another past than the signature")
	}
	root, err := chain.root()
	if err != nil {
		return err
	}
	if chain.publicationTime != goal.time || !bytes.Equal(root, goal.hash) {
		return errors.New("the server's chain does not lead to the publication")
	}
	return nil
}

// All right links, joined.
func rightLinks(chain calendarChain) (joined []byte) {
	for _, l := range chain.links {
		if !l.left {
			joined = append(joined, l.imprint...)
		}
	}
	return joined
}

// extended makes the signature with that calendar hash chain, and the publication instead of a key's
// word. Elements that do not change stay byte for byte.
func extended(body, chain, record []byte) ([]byte, error) {
	children, err := parse(body)
	if err != nil {
		return nil, err
	}
	fields, err := parse(record)
	if err != nil {
		return nil, err
	}
	var publication []byte
	for _, field := range fields {
		at := len(publication)
		publication = append(publication, field.whole...)
		if field.kind == publicationDataType {
			publication[at] |= 0x20 // In a signature the publication data has the F flag.
		}
	}
	var result []byte
	for _, child := range children {
		switch child.kind {
		case calendarChainType:
			result = append(append(result, chain...), write(publicationRecordType, publication)...)
		case publicationRecordType, authenticationRecordType:
		default:
			result = append(result, child.whole...)
		}
	}
	return write(signatureType, result), nil
}
