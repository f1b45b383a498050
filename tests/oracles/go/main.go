// Judges what Takeback publishes, by Go's own transparency log code (golang.org/x/mod/sumdb): signed notes,
// Merkle proofs, tiles. It shares no line and no author with ours.
//
// Each line of its input is a question in JSON; each line of its output is "holds" or why not. Bytes are in
// base64, as Go's encoding/json has them.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The height of a tile in C2SP tlog-tiles.
const height = 8

type question struct {
	Ask    string // inclusion, consistency, note, tiles
	Index  int64
	Old    int64
	Size   int64
	Leaf   []byte
	First  []byte // the root of Old leaves
	Root   []byte
	Proof  [][]byte
	Note   []byte
	Vkey   string
	Folder string
	Wanted []int64 // in tiles: sizes of earlier trees
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		var asked question
		err := json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			err = judge(asked)
		}
		if err != nil {
			fmt.Fprintln(out, strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintln(out, "holds")
		}
		out.Flush()
	}
}

func judge(asked question) error {
	switch asked.Ask {
	case "inclusion":
		proof, hashes, err := hashesOf(asked.Proof, asked.Leaf, asked.Root)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(tlog.RecordProof(proof), asked.Size, hashes[1], asked.Index, hashes[0])
	case "consistency":
		proof, hashes, err := hashesOf(asked.Proof, asked.First, asked.Root)
		if err != nil {
			return err
		}
		return tlog.CheckTree(tlog.TreeProof(proof), asked.Size, hashes[1], asked.Old, hashes[0])
	case "note":
		_, err := openNote(asked.Note, asked.Vkey)
		return err
	case "tiles":
		return checkTiles(asked)
	}
	return fmt.Errorf("not asked before: %q", asked.Ask)
}

func hashesOf(proof [][]byte, others ...[]byte) ([]tlog.Hash, []tlog.Hash, error) {
	sized := func(list [][]byte) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(list))
		for n, data := range list {
			if copy(found[n][:], data) != tlog.HashSize || len(data) != tlog.HashSize {
				return nil, errors.New("a hash has 32 bytes")
			}
		}
		return found, nil
	}
	path, err := sized(proof)
	if err != nil {
		return nil, nil, err
	}
	rest, err := sized(others)
	return path, rest, err
}

func openNote(data []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("no checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("no root")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// tiles are those of a folder.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) path(tile tlog.Tile) string {
	return filepath.Join(t.folder, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for n, tile := range wanted {
		data, err := os.ReadFile(t.path(tile))
		if err != nil {
			return nil, err
		}
		found[n] = data
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// checkTiles reads the folder as a stranger does: the checkpoint's signature, every entry against the tiles,
// every tile against the checkpoint, and that the log grew out of the earlier trees it was asked about.
func checkTiles(asked question) error {
	data, err := os.ReadFile(filepath.Join(asked.Folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openNote(data, asked.Vkey)
	if err != nil {
		return err
	}
	if tree.N != asked.Size {
		return fmt.Errorf("the checkpoint is of %d entries", tree.N)
	}
	published := tiles{asked.Folder}
	reader := tlog.TileHashReader(tree, published)
	for begin := int64(0); begin < tree.N; begin += 1 << height {
		width := tree.N - begin
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: -1, N: begin >> height, W: int(width)}
		path := strings.Replace(published.path(tile), "tile/data/", "tile/entries/", 1)
		bundle, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for n := begin; n < begin+width; n++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return errors.New("the entries are cut short")
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if err := checkEntry(tree, reader, n, bundle[2:end]); err != nil {
				return fmt.Errorf("entry %d: %w", n, err)
			}
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return errors.New("there are more entries than the tree has")
		}
	}
	for _, old := range asked.Wanted {
		first, err := tlog.TreeHash(old, reader)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(tree.N, old, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, first); err != nil {
			return err
		}
	}
	return nil
}

func checkEntry(tree tlog.Tree, reader tlog.HashReader, n int64, entry []byte) error {
	proof, err := tlog.ProveRecord(tree.N, n, reader)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(entry))
}
