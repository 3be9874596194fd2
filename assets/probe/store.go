package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// manifestPath is where Ollama keeps a model's manifest: manifests/HOST/NAMESPACE/NAME/TAG.
func manifestPath(dir, model string) (string, error) {
	name, tag, found := strings.Cut(model, ":")
	if !found {
		tag = "latest"
	}
	parts := strings.Split(name, "/")
	switch len(parts) {
	case 1:
		parts = append([]string{"registry.ollama.ai", "library"}, parts...)
	case 2:
		parts = append([]string{"registry.ollama.ai"}, parts...)
	}
	parts = append(parts, tag)
	for _, part := range parts {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, `/\`) {
			return "", usage("--model is a name as Ollama has it, like granite4.1:8b")
		}
	}
	if dir == "" || len(parts) != 4 {
		return "", usage("--store and --model are needed; a model is like granite4.1:8b")
	}
	return filepath.Join(append([]string{dir, "manifests"}, parts...)...), nil
}

// modelName is the inverse: how Ollama would list it.
func modelName(relative string) string {
	parts := strings.Split(filepath.ToSlash(relative), "/")
	if len(parts) != 4 {
		return relative
	}
	name := strings.Join(parts[:3], "/")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "registry.ollama.ai/"), "library/")
	return name + ":" + parts[3]
}

func blobPath(dir, digest string) string {
	return filepath.Join(dir, "blobs", strings.Replace(digest, ":", "-", 1))
}

func fileDigest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// writeWhole writes a file so that it is there whole or not at all, also after a power cut.
func writeWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".airgap-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// store lists the models of an Ollama store; with --verify every byte is read back.
func store(args []string) error {
	set := flags("store")
	dir := set.String("store", "", "Ollama's models folder")
	verify := set.Bool("verify", false, "read every blob back")
	if _, err := words(set, args); err != nil {
		return err
	}
	if *dir == "" {
		return usage("--store is needed")
	}
	root := filepath.Join(*dir, "manifests")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return nil
		}
		relative, _ := filepath.Rel(root, path)
		say(examine(*dir, path, modelName(relative), *verify))
		return nil
	})
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func examine(dir, path, model string, verify bool) map[string]any {
	out := map[string]any{"model": model, "outcome": "whole", "layers": []descriptor{}, "detail": ""}
	raw, err := os.ReadFile(path)
	var held document
	if err != nil || json.Unmarshal(raw, &held) != nil {
		out["outcome"], out["detail"] = "damaged", "its manifest cannot be read"
		return out
	}
	sum := sha256.Sum256(raw)
	out["manifest"] = "sha256:" + hex.EncodeToString(sum[:])
	out["layers"] = held.Layers
	for _, blob := range held.blobs() {
		file := blobPath(dir, blob.Digest)
		info, err := os.Stat(file)
		switch {
		case err != nil:
			out["outcome"], out["detail"] = "missing", blob.Digest+" is not there"
			return out
		case info.Size() != blob.Size:
			out["outcome"], out["detail"] = "damaged", blob.Digest+" has the wrong size"
			return out
		}
		if verify {
			if got, err := fileDigest(file); err != nil || got != blob.Digest {
				out["outcome"], out["detail"] = "damaged", blob.Digest+" reads back as "+got
				return out
			}
		}
	}
	return out
}
