package main

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// outcomeOf names what came of an attempt to connect. A rejecting policy looks like a closed port ("refused"), a
// dropping one like a dead host ("timeout"): only a control beside it tells them apart.
func outcomeOf(err error) string {
	var dns *net.DNSError
	switch {
	case err == nil:
		return "reached"
	case errors.As(err, &dns):
		if dns.IsTimeout || dns.IsTemporary && !dns.IsNotFound {
			return "timeout"
		}
		return "name-unknown"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return "refused"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "timeout"
	default:
		// no route, host or network unreachable, administratively prohibited, no such address family
		return "unreachable"
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func dial(args []string) error {
	set := flags("dial")
	limit := set.Duration("timeout", 5*time.Second, "for each target")
	targets, err := words(set, args)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return usage("dial takes HOST:PORT")
	}
	for _, target := range targets {
		began := time.Now()
		conn, err := net.DialTimeout("tcp", target, *limit)
		if conn != nil {
			conn.Close()
		}
		say(map[string]any{
			"target": target, "outcome": outcomeOf(err), "detail": text(err),
			"seconds": float64(time.Since(began).Milliseconds()) / 1000,
		})
	}
	return nil
}

func resolve(args []string) error {
	set := flags("resolve")
	limit := set.Duration("timeout", 5*time.Second, "for each name")
	names, err := words(set, args)
	if err != nil {
		return err
	}
	for _, name := range names {
		ctx, cancel := context.WithTimeout(context.Background(), *limit)
		addresses, err := net.DefaultResolver.LookupHost(ctx, name)
		cancel()
		outcome := "resolved"
		if err != nil {
			outcome = outcomeOf(err)
		}
		if addresses == nil {
			addresses = []string{}
		}
		say(map[string]any{"name": name, "outcome": outcome, "addresses": addresses, "detail": text(err)})
	}
	return nil
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
