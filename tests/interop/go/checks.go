package main

import (
	"errors"
	"fmt"

	ksierrors "github.com/guardtime/goksi/errors"
)

// checks prints a line for each check.
type checks struct {
	failed bool
}

func (c *checks) check(name string, body func() error) {
	if err := body(); err != nil {
		c.failed = true
		fmt.Printf("FAILED %s: %q\n", name, err)
		return
	}
	fmt.Println("ok", name)
}

// equal is nil if the values are the same.
func equal(expected, actual interface{}, what string) error {
	if expected != actual {
		return fmt.Errorf("%s: expected %v, got %v", what, expected, actual)
	}
	return nil
}

// raises is nil if `err` is the SDK's own error with one of the codes.
func raises(err error, code ksierrors.ErrorCode, what string) error {
	if err == nil {
		return fmt.Errorf("%s: no error", what)
	}
	var ours *ksierrors.KsiError
	if !errors.As(err, &ours) {
		return fmt.Errorf("%s: not the SDK's error: %w", what, err)
	}
	if ours.Code() != code {
		return fmt.Errorf("%s: expected code %#x, got %#x: %w",
			what, uint16(code), uint16(ours.Code()), err)
	}
	return nil
}

// first is the first error, if any.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
