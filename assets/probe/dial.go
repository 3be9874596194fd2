package main

import (
	"context"
	"errors"
	"flag"
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
	// side by side: where packets are dropped, each target takes all the time it is given
	seen := make([]chan map[string]any, len(targets))
	for i, target := range targets {
		seen[i] = make(chan map[string]any, 1)
		go func() {
			began := time.Now()
			conn, err := net.DialTimeout("tcp", target, *limit)
			if conn != nil {
				conn.Close()
			}
			seen[i] <- map[string]any{
				"target": target, "outcome": outcomeOf(err), "detail": text(err),
				"seconds": float64(time.Since(began).Milliseconds()) / 1000,
			}
		}()
	}
	for _, one := range seen {
		say(<-one)
	}
	return nil
}

func resolve(args []string) error {
	set := flags("resolve")
	limit := set.Duration("timeout", 5*time.Second, "for each name")
	patience := patienceFlag(set)
	names, err := words(set, args)
	if err != nil {
		return err
	}
	for _, name := range names {
		var addresses []string
		var err error
		outcome := "resolved"
		*patience = patiently(*patience, func() bool {
			ctx, cancel := context.WithTimeout(context.Background(), *limit)
			defer cancel()
			addresses, err = net.DefaultResolver.LookupHost(ctx, name)
			return err == nil || outcomeOf(err) == "name-unknown"
		})
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

// patienceFlag says how long a word tries again that got no answer at all. A new pod is refused for its first moments,
// until whoever enforces policies has taken notice of it: a first refusal says nothing.
func patienceFlag(set *flag.FlagSet) *time.Duration {
	return set.Duration("patience", 8*time.Second, "try again so long where nothing answers")
}

// patiently tries until it is done or patience has run out; what is left of it.
func patiently(patience time.Duration, try func() bool) time.Duration {
	for began := time.Now(); ; {
		done := try()
		left := patience - time.Since(began)
		if done || left <= 0 {
			return max(left, 0)
		}
		time.Sleep(min(250*time.Millisecond, left))
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
