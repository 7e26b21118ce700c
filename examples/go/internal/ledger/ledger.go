// Package ledger is what the examples share: the connection, and calls that are repeated.
package ledger

import (
	"context"
	"math/rand"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Dial makes a connection; it is opened by the first call.
func Dial(server string) (*grpc.ClientConn, error) {
	// Plain text is for this machine. To another one: credentials.NewTLS().
	return grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// Retry makes calls until one is not worth repeating. Repeating is always harmless: it makes another
// signature of the same hash. A call that gives a stream must read it to its end, so that it is
// repeated as a whole; it must pass on the options that it is given.
func Retry(ctx context.Context, call func(context.Context, ...grpc.CallOption) error) error {
	const attempts = 6
	pause := 100 * time.Millisecond
	for attempt := 1; ; attempt++ {
		var trailer metadata.MD
		err := call(ctx, grpc.Trailer(&trailer))
		if err == nil || !worthRepeating(err) || attempt == attempts {
			return err
		}
		// By chance a little apart from all others that were refused at the same moment; and never
		// earlier than the server asked for.
		wait := time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
		if wanted := wantedPause(trailer); wanted > wait {
			wait = wanted
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
		if pause *= 2; pause > 5*time.Second {
			pause = 5 * time.Second
		}
	}
}

// Full, starting or shutting down: later it may work. All other errors would only come again.
func worthRepeating(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.ResourceExhausted, codes.Aborted:
		return true
	case codes.Canceled: // Not by us: so gRPC drops a call that meets a server's shutdown.
		return true
	}
	return false
}

// The pause that the server asks for; 0 when it asks for none.
func wantedPause(trailer metadata.MD) time.Duration {
	for _, text := range trailer.Get("pitser-retry-after-ms") {
		if ms, err := strconv.ParseInt(text, 10, 32); err == nil {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}
