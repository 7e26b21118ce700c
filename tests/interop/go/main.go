// Signs, verifies and extends with the KSI Go SDK against a Pitser node.
//
//	usage: sign|extend --transport http|tcp --sign HOST:PORT --extend HOST:PORT --trust DIR
//	       --other-root PEM --out DIR [--many-sign HOST:PORT]
//
// Prints "ok NAME" or "FAILED NAME: why" for each check; exit code 1 if any failed.
package main

import (
	"flag"
	"fmt"
	"os"
)

// options are the flags.
type options struct {
	transport, sign, extend, trust, otherRoot, out, manySign string
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: interop sign|extend FLAGS")
		os.Exit(2)
	}
	var o options
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	flags.StringVar(&o.transport, "transport", "http", "http or tcp")
	flags.StringVar(&o.sign, "sign", "", "HOST:PORT of the aggregator")
	flags.StringVar(&o.extend, "extend", "", "HOST:PORT of the extender")
	flags.StringVar(&o.trust, "trust", "", "folder with root.pem")
	flags.StringVar(&o.otherRoot, "other-root", "", "a root that signed nothing")
	flags.StringVar(&o.out, "out", "", "folder for documents and signatures")
	flags.StringVar(&o.manySign, "many-sign", "", "HOST:PORT of the aggregator, for many at once")
	_ = flags.Parse(os.Args[2:]) // Exits by itself.

	checks := &checks{}
	kit, err := newSdk(o)
	if err != nil {
		fmt.Println("FAILED setup:", err)
		os.Exit(1)
	}
	if os.Args[1] == "sign" {
		signChecks(kit, checks)
	} else {
		extendChecks(kit, checks)
	}
	if checks.failed {
		os.Exit(1)
	}
}
