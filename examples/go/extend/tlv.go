package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
)

// TLV types of KSI signatures and publications files.
const (
	signatureType            = 0x800
	calendarChainType        = 0x802
	publicationRecordType    = 0x803
	authenticationRecordType = 0x805
	fileRecordType           = 0x703
	publicationDataType      = 0x10
)

// An element: type, value, and both with the header as they stood.
type element struct {
	kind         int
	value, whole []byte
}

// parse takes the elements apart that data is made of.
func parse(data []byte) ([]element, error) {
	var found []element
	for len(data) > 0 {
		head, kind, length := 2, int(data[0]&0x1F), 0
		if data[0]&0x80 != 0 {
			head = 4
		}
		if len(data) < head {
			return nil, errors.New("cut off within a header")
		}
		if head == 4 {
			kind = kind<<8 | int(data[1])
			length = int(binary.BigEndian.Uint16(data[2:]))
		} else {
			length = int(data[1])
		}
		if len(data) < head+length {
			return nil, fmt.Errorf("cut off within element 0x%x", kind)
		}
		found = append(found, element{kind, data[head : head+length], data[:head+length]})
		data = data[head+length:]
	}
	return found, nil
}

// find gives the value of the element of a type in data.
func find(data []byte, kind int) ([]byte, error) {
	elements, err := parse(data)
	if err != nil {
		return nil, err
	}
	for _, e := range elements {
		if e.kind == kind {
			return e.value, nil
		}
	}
	return nil, fmt.Errorf("there is no element 0x%x", kind)
}

// write makes an element with a long header, as all elements of a signature have.
func write(kind int, value []byte) []byte {
	header := binary.BigEndian.AppendUint16(nil, uint16(0x8000|kind))
	return append(binary.BigEndian.AppendUint16(header, uint16(len(value))), value...)
}

// number reads an integer: big-endian, as few bytes as it needs.
func number(value []byte) (n uint64) {
	for _, b := range value {
		n = n<<8 | uint64(b)
	}
	return n
}

type link struct {
	left    bool // The chain's own value is the left one, the link the right one.
	imprint []byte
}

type calendarChain struct {
	publicationTime, aggregationTime uint64
	inputHash                        []byte
	links                            []link
}

func parseChain(value []byte) (chain calendarChain, err error) {
	elements, err := parse(value)
	if err != nil {
		return chain, err
	}
	haveAggregationTime := false
	for _, e := range elements {
		switch e.kind {
		case 0x01:
			chain.publicationTime = number(e.value)
		case 0x02:
			chain.aggregationTime, haveAggregationTime = number(e.value), true
		case 0x05:
			chain.inputHash = e.value
		case 0x07, 0x08:
			chain.links = append(chain.links, link{e.kind == 0x07, e.value})
		}
	}
	if !haveAggregationTime { // Then they are equal.
		chain.aggregationTime = chain.publicationTime
	}
	return chain, nil
}

// root computes where the chain leads to.
func (c calendarChain) root() ([]byte, error) {
	value := c.inputHash
	for _, l := range c.links {
		left, right := value, l.imprint
		if !l.left {
			left, right = right, left
		}
		if len(right) == 0 {
			return nil, errors.New("an empty imprint")
		}
		// The right one's algorithm counts; 0xFF stands in all nodes of the calendar.
		node := bytes.Join([][]byte{left, right, {0xFF}}, nil)
		switch right[0] {
		case 0x01:
			digest := sha256.Sum256(node)
			value = append([]byte{0x01}, digest[:]...)
		case 0x04:
			digest := sha512.Sum384(node)
			value = append([]byte{0x04}, digest[:]...)
		case 0x05:
			digest := sha512.Sum512(node)
			value = append([]byte{0x05}, digest[:]...)
		default:
			return nil, fmt.Errorf("hash algorithm %d is not known here", right[0])
		}
	}
	return value, nil
}
