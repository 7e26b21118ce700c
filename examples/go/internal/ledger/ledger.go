// Package ledger is what the examples share: the connection, calls that are repeated, and the check of
// what came. Set in the environment, as for the command pitser:
//
//	PITSER_TLS_CA           certificates to believe the server by, PEM; without it, the system's
//	PITSER_CLIENT_TLS_CERT  our certificate for the server, PEM, and
//	PITSER_CLIENT_TLS_KEY   its key
//	PITSER_TIMEOUT          seconds after which to give up (30)
package ledger

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Dial makes a connection to HOST:PORT, which is opened by the first call: over TLS, but for this
// machine where no certificate is named.
func Dial(server string) (*grpc.ClientConn, error) {
	ca, cert, key := os.Getenv("PITSER_TLS_CA"), os.Getenv("PITSER_CLIENT_TLS_CERT"), os.Getenv("PITSER_CLIENT_TLS_KEY")
	if ca == "" && cert == "" && key == "" && isLoopback(server) {
		return grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()))
	}
	config := &tls.Config{}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return grpc.NewClient(server, grpc.WithTransportCredentials(credentials.NewTLS(config)))
}

func isLoopback(server string) bool {
	host, _, err := net.SplitHostPort(server)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// Retry makes calls until one is not worth repeating, or PITSER_TIMEOUT is over. Repeating is always
// harmless: it makes another signature of the same hash. A call that gives a stream must read it to its
// end, so that it is repeated as a whole; it must pass on the context and the options that it is given.
func Retry(call func(context.Context, ...grpc.CallOption) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout())
	defer cancel()
	deadline, _ := ctx.Deadline()
	pause := 100 * time.Millisecond
	for {
		var trailer metadata.MD
		err := call(ctx, grpc.Trailer(&trailer))
		// By chance a little apart from all others that were refused at the same moment; and never
		// earlier than the server asked for.
		wait := time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
		if wanted := wantedPause(trailer); wanted > wait {
			wait = wanted
		}
		if err == nil || !worthRepeating(err) || time.Now().Add(wait).After(deadline) {
			return err
		}
		time.Sleep(wait)
		if pause *= 2; pause > 5*time.Second {
			pause = 5 * time.Second
		}
	}
}

func timeout() time.Duration {
	if seconds, err := strconv.ParseFloat(os.Getenv("PITSER_TIMEOUT"), 64); err == nil {
		return time.Duration(seconds * float64(time.Second))
	}
	return 30 * time.Second
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

// WriteNew writes a signature; never over one that is there.
func WriteNew(path string, signature []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(signature); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// ReplaceChecked writes path, whole or not at all, if "pitser CHECK... path" says yes to the content.
func ReplaceChecked(path string, content []byte, check ...string) error {
	made := filepath.Join(filepath.Dir(path), ".new-"+filepath.Base(path))
	if err := os.WriteFile(made, content, 0o644); err != nil {
		return err
	}
	if said, err := exec.Command("pitser", append(check, made)...).CombinedOutput(); err != nil {
		os.Remove(made)
		return fmt.Errorf("%s: not taken: %w: %s", path, err, said)
	}
	return os.Rename(made, path)
}
