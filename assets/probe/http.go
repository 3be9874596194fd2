package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const bodyLimit = 64 << 10

// answer is what `get`, `mcp` and `ask` have in common.
type answer struct {
	URL     string `json:"url"`
	Outcome string `json:"outcome"`
	Status  int    `json:"status"`
	Body    string `json:"body"`
	Detail  string `json:"detail"`
}

// identity is whom a client trusts and what it shows of itself: PEM files, all of them optional.
type identity struct {
	ca, cert, key string
}

// client trusts the system's CAs, and those of a file if one is named. No proxy: what is asked is whether this
// very pod gets there.
func client(who identity) (*http.Client, error) {
	config := &tls.Config{}
	if who.cert != "" {
		pair, err := tls.LoadX509KeyPair(who.cert, who.key)
		if err != nil {
			return nil, coded{"client-certificate-not-valid", err.Error()}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	if who.ca != "" {
		pem, err := os.ReadFile(who.ca)
		if err != nil {
			return nil, coded{"ca-not-valid", err.Error()}
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, coded{"ca-not-valid", who.ca + " holds no certificate"}
		}
		config.RootCAs = pool
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, Proxy: nil}}, nil
}

func httpOutcome(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	if errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid) || errors.As(err, &record) ||
		errors.As(err, &verify) {
		return "tls"
	}
	// what the other side sends when it does not like our certificate, or that we showed none
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return "tls"
	}
	if out := outcomeOf(err); out != "reached" {
		return out
	}
	return "answered"
}

// do sends a request and reads at most bodyLimit bytes of the answer.
func do(c *http.Client, method, url string, header map[string]string, body []byte, limit time.Duration) (answer, http.Header) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	out := answer{URL: url}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		out.Outcome, out.Detail = "unreachable", err.Error()
		return out, nil
	}
	for key, value := range header {
		request.Header.Set(key, value)
	}
	response, err := c.Do(request)
	if err != nil {
		out.Outcome, out.Detail = httpOutcome(err), err.Error()
		return out, nil
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	out.Outcome, out.Status, out.Body, out.Detail = "answered", response.StatusCode, string(data), text(err)
	return out, response.Header
}

// final outcomes do not change by asking again at once.
func final(outcome string) bool { return outcome == "answered" || outcome == "tls" }

func get(args []string) error {
	set := flags("get")
	limit := set.Duration("timeout", 5*time.Second, "for the whole request")
	patience := patienceFlag(set)
	ca := set.String("ca", "", "PEM file of a CA to trust")
	urls, err := words(set, args)
	if err != nil {
		return err
	}
	c, err := client(identity{ca: *ca})
	if err != nil {
		return err
	}
	for _, url := range urls {
		if !strings.Contains(url, "://") {
			return usage("get takes URLs")
		}
		var out answer
		*patience = patiently(*patience, func() bool {
			out, _ = do(c, "GET", url, nil, nil, *limit)
			return final(out.Outcome)
		})
		say(out)
	}
	return nil
}

func serve(args []string) error {
	set := flags("serve")
	lasts := set.Duration("for", 5*time.Minute, "how long")
	where, err := words(set, args)
	if err != nil {
		return err
	}
	if len(where) != 1 {
		return usage("serve takes :PORT")
	}
	time.AfterFunc(*lasts, func() { os.Exit(0) })
	return http.ListenAndServe(where[0], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	}))
}
