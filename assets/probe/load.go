package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	original = "application/vnd.airgap-wizard.ollama.manifest.v2+json"
	// tries in a row without a byte; their pauses add up to half a minute
	tries = 6
)

// pause before the first repetition; it doubles. Tests shorten it.
var pause = 500 * time.Millisecond

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

type document struct {
	Config descriptor   `json:"config"`
	Layers []descriptor `json:"layers"`
}

func (d document) blobs() []descriptor {
	return append(append([]descriptor{}, d.Layers...), d.Config)
}

// load brings a model from its artefact into an Ollama store: blobs first, each verified before it has its name,
// the manifest last. A second call finds what is there and copies only what is not.
func load(args []string) error {
	set := flags("load")
	reference := set.String("reference", "", "HOST/REPO@DIGEST of the artefact")
	model := set.String("model", "", "the name that Ollama lists it by")
	dir := set.String("store", "", "Ollama's models folder")
	auth := set.String("auth", "", "docker config.json")
	ca := set.String("ca", "", "PEM file of a CA to trust")
	cert := set.String("client-cert", "", "PEM file of a certificate to show")
	key := set.String("client-key", "", "PEM file of its key")
	plain := set.Bool("plain-http", false, "no TLS")
	if _, err := words(set, args); err != nil {
		return err
	}
	path, err := manifestPath(*dir, *model)
	if err != nil {
		return err
	}
	r, digest, err := openRemote(*reference, *auth, identity{*ca, *cert, *key}, *plain)
	if err != nil {
		return err
	}
	raw, want, err := r.original(digest)
	if err != nil {
		return err
	}
	var moved int64
	for _, blob := range want.blobs() {
		n, err := r.fetch(blob, *dir)
		if err != nil {
			return disk(err, *dir)
		}
		moved += n
	}
	outcome := "already"
	if held, err := os.ReadFile(path); err != nil || string(held) != string(raw) {
		outcome = "loaded"
		if err := writeWhole(path, raw); err != nil {
			return disk(err, *dir)
		}
	}
	say(map[string]any{"outcome": outcome, "model": *model, "digest": digest, "bytes": moved})
	return nil
}

// original fetches the artefact's manifest and, from its last layer, Ollama's own manifest byte for byte.
func (r *remote) original(digest string) ([]byte, document, error) {
	var artefact, want document
	raw, err := r.small("manifests", digest)
	if err != nil {
		return nil, want, err
	}
	if err := json.Unmarshal(raw, &artefact); err != nil {
		return nil, want, coded{"artefact-not-valid", err.Error()}
	}
	for _, layer := range artefact.Layers {
		if layer.MediaType != original {
			continue
		}
		if raw, err = r.small("blobs", layer.Digest); err != nil {
			return nil, want, err
		}
		if err := json.Unmarshal(raw, &want); err != nil || len(want.Layers) == 0 {
			return nil, want, coded{"artefact-not-valid", "its Ollama manifest cannot be read"}
		}
		for _, blob := range want.blobs() {
			if !isDigest(blob.Digest) || blob.Size < 0 {
				return nil, want, coded{"artefact-not-valid", "a blob without a sha256 digest"}
			}
		}
		return raw, want, nil
	}
	return nil, want, coded{"artefact-without-manifest", "the artefact has no layer of type " + original +
		"; push the model again with: airgap-wizard model push"}
}

// passing is an error of the line and not of what is asked for: a new pod is refused for its first moments, registries
// restart. Whoever meets one tries again.
func passing(err error) bool {
	var known coded
	if !errors.As(err, &known) {
		return false
	}
	switch known.code {
	case "registry-cut", "registry-busy", "registry-refused", "registry-timeout", "registry-unreachable", "registry-name-unknown":
		return true
	}
	return false
}

// small fetches a document whole and checks its digest.
func (r *remote) small(kind, digest string) ([]byte, error) {
	for attempt := 0; ; attempt++ {
		data, err := r.smallOnce(kind, digest)
		if err == nil || !passing(err) || attempt == tries {
			return data, err
		}
		time.Sleep(pause << attempt)
	}
}

func (r *remote) smallOnce(kind, digest string) ([]byte, error) {
	response, err := r.get(kind, digest, 0)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, manifestLimit+1))
	if err != nil {
		return nil, coded{"registry-cut", err.Error()}
	}
	sum := sha256.Sum256(data)
	if got := "sha256:" + hex.EncodeToString(sum[:]); got != digest {
		return nil, coded{"digest-mismatch", fmt.Sprintf("%s/%s is %s", kind, digest, got)}
	}
	return data, nil
}

// fetch brings one blob, going on where an earlier attempt or process was cut off. Returns the bytes that were sent.
func (r *remote) fetch(blob descriptor, dir string) (int64, error) {
	final := blobPath(dir, blob.Digest)
	if info, err := os.Stat(final); err == nil && info.Size() == blob.Size {
		sum, err := fileDigest(final)
		if err == nil && sum == blob.Digest {
			tell(blob, "present", blob.Size)
			return 0, nil
		}
	}
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return 0, err
	}
	partial := final + "-airgap-partial"
	file, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var moved int64
	for attempt := 0; ; attempt++ {
		n, err := r.more(blob, file)
		moved += n
		if err == nil {
			break
		}
		if n > 0 {
			attempt = 0
		}
		if !passing(err) || attempt == tries {
			if codeOf(err) == "digest-mismatch" {
				os.Remove(partial)
			}
			return moved, err
		}
		tell(blob, "retrying", 0)
		time.Sleep(pause << attempt)
	}
	if err := file.Sync(); err != nil {
		return moved, err
	}
	if err := os.Rename(partial, final); err != nil {
		return moved, err
	}
	if err := syncDir(filepath.Dir(final)); err != nil {
		return moved, err
	}
	// what counts is what the volume gives back, not what went over the line
	sum, err := fileDigest(final)
	if err != nil {
		return moved, err
	}
	if sum != blob.Digest {
		os.Remove(final)
		return moved, coded{"volume-damages-data", fmt.Sprintf("%s was written and reads back as %s", blob.Digest, sum)}
	}
	tell(blob, "verified", blob.Size)
	return moved, nil
}

// more hashes what is on disk already, then asks for the rest.
func (r *remote) more(blob descriptor, file *os.File) (int64, error) {
	sum := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	have, err := io.Copy(sum, io.LimitReader(file, blob.Size))
	if err != nil {
		return 0, err
	}
	if have < blob.Size || blob.Size == 0 {
		response, err := r.get("blobs", blob.Digest, have)
		if err != nil {
			return 0, err
		}
		defer response.Body.Close()
		if have > 0 && response.StatusCode != 206 {
			// the registry does not do ranges: from the start
			have = 0
			sum.Reset()
		}
		if err := file.Truncate(have); err != nil {
			return 0, err
		}
		if _, err := file.Seek(have, io.SeekStart); err != nil {
			return 0, err
		}
		return r.pour(blob, file, sum, response.Body, have)
	}
	return 0, settled(blob, sum)
}

func (r *remote) pour(blob descriptor, file *os.File, sum hash.Hash, from io.ReadCloser, have int64) (int64, error) {
	var moved int64
	buffer := make([]byte, 1<<17)
	last := time.Time{}
	for {
		silence := time.AfterFunc(silent, func() { from.Close() })
		n, err := from.Read(buffer)
		silence.Stop()
		if n > 0 {
			if have+moved+int64(n) > blob.Size {
				return moved, coded{"digest-mismatch", blob.Digest + " is longer than its manifest says"}
			}
			sum.Write(buffer[:n])
			if _, err := file.Write(buffer[:n]); err != nil {
				return moved, err
			}
			moved += int64(n)
			if time.Since(last) > time.Second {
				last = time.Now()
				tell(blob, "active", have+moved)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return moved, coded{"registry-cut", err.Error()}
		}
	}
	if have+moved < blob.Size {
		return moved, coded{"registry-cut", fmt.Sprintf("%d of %d bytes came", have+moved, blob.Size)}
	}
	return moved, settled(blob, sum)
}

func settled(blob descriptor, sum hash.Hash) error {
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != blob.Digest {
		return coded{"digest-mismatch", fmt.Sprintf("%s came as %s", blob.Digest, got)}
	}
	return nil
}

func tell(blob descriptor, move string, done int64) {
	say(map[string]any{"item": blob.Digest, "move": move, "done": done, "total": blob.Size})
}

func disk(err error, dir string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return coded{"volume-full", "no room in " + dir}
	}
	if errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EPERM) {
		return coded{"volume-not-writable", err.Error()}
	}
	return err
}
