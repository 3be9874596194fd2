package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const manifestLimit = 4 << 20

// silent is how long a registry may send nothing. There is no limit on how long a large blob may take.
var silent = time.Minute

// remote is one repository of a registry, asked with the credentials that kubelets pull with.
type remote struct {
	client           *http.Client
	base, host, repo string
	user, password   string
	bearer           string
}

// openRemote takes HOST/REPO@DIGEST apart and finds the host's credentials in a docker config.
func openRemote(reference, auth string, who identity, plain bool) (*remote, string, error) {
	name, digest, found := strings.Cut(reference, "@")
	host, repo, hasRepo := strings.Cut(name, "/")
	if !found || !hasRepo || !isDigest(digest) {
		return nil, "", usage("--reference is HOST/REPOSITORY@sha256:…")
	}
	c, err := client(who)
	if err != nil {
		return nil, "", err
	}
	c.Transport.(*http.Transport).ResponseHeaderTimeout = silent
	r := &remote{client: c, host: host, repo: repo, base: "https://" + host}
	if plain {
		r.base = "http://" + host
	}
	if auth != "" {
		if err := r.credentials(auth); err != nil {
			return nil, "", err
		}
	}
	return r, digest, nil
}

func isDigest(text string) bool {
	hex, ok := strings.CutPrefix(text, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}

func (r *remote) credentials(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return coded{"credentials-missing", err.Error()}
	}
	var config struct {
		Auths map[string]struct{ Auth, Username, Password string } `json:"auths"`
	}
	if err := json.Unmarshal(data, &config); err != nil {
		// the error would quote what it could not read
		return coded{"credentials-not-valid", file + " is no docker config.json"}
	}
	entry, ok := config.Auths[r.host]
	if !ok {
		entry, ok = config.Auths["https://"+r.host]
	}
	if !ok {
		return nil
	}
	r.user, r.password = entry.Username, entry.Password
	if plain, err := base64.StdEncoding.DecodeString(entry.Auth); err == nil && entry.Auth != "" {
		r.user, r.password, _ = strings.Cut(string(plain), ":")
	}
	return nil
}

// get asks for a manifest or a blob from an offset on; a 401 with a bearer challenge is answered once.
func (r *remote) get(kind, digest string, from int64) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		request, err := http.NewRequest("GET", fmt.Sprintf("%s/v2/%s/%s/%s", r.base, r.repo, kind, digest), nil)
		if err != nil {
			return nil, usage(err.Error())
		}
		if kind == "manifests" {
			request.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json")
		}
		if from > 0 {
			request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
		}
		if r.bearer != "" {
			request.Header.Set("Authorization", "Bearer "+r.bearer)
		} else if r.user != "" {
			request.SetBasicAuth(r.user, r.password)
		}
		response, err := r.client.Do(request)
		if err != nil {
			return nil, coded{"registry-" + httpOutcome(err), err.Error()}
		}
		if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusPartialContent {
			return response, nil
		}
		response.Body.Close()
		challenge := response.Header.Get("Www-Authenticate")
		if response.StatusCode == http.StatusUnauthorized && attempt == 0 && strings.HasPrefix(strings.ToLower(challenge), "bearer ") {
			if err := r.token(challenge[7:]); err != nil {
				return nil, err
			}
			continue
		}
		return nil, refusal(response.StatusCode, r.host, kind, digest)
	}
}

func refusal(status int, host, kind, digest string) error {
	what := fmt.Sprintf("%s answered %d to %s/%s", host, status, kind, digest)
	switch status {
	case http.StatusUnauthorized:
		return coded{"registry-refused-credentials", what}
	case http.StatusForbidden:
		return coded{"registry-forbidden", what}
	case http.StatusNotFound:
		return coded{"artefact-not-found", what}
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return coded{"registry-busy", what}
	}
	return coded{"registry-broken", what}
}

// token follows a bearer challenge: realm, service, scope.
func (r *remote) token(challenge string) error {
	values := map[string]string{}
	for _, part := range strings.Split(challenge, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		values[key] = strings.Trim(value, `"`)
	}
	query := url.Values{"service": {values["service"]}, "scope": {"repository:" + r.repo + ":pull"}}
	request, err := http.NewRequest("GET", values["realm"]+"?"+query.Encode(), nil)
	if err != nil {
		return coded{"registry-broken", "the registry's token realm is no URL"}
	}
	if r.user != "" {
		request.SetBasicAuth(r.user, r.password)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return coded{"registry-" + httpOutcome(err), err.Error()}
	}
	defer response.Body.Close()
	var reply struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
	}
	data, _ := io.ReadAll(io.LimitReader(response.Body, bodyLimit))
	if response.StatusCode != http.StatusOK || json.Unmarshal(data, &reply) != nil {
		return coded{"registry-refused-credentials", fmt.Sprintf("%s gave no token (%d)", r.host, response.StatusCode)}
	}
	r.bearer = reply.Token + reply.AccessToken
	if reply.Token != "" {
		r.bearer = reply.Token
	}
	return nil
}
