// Command orgolog checks a log that `orgo audit export` wrote, with none of Orgo's code: the tree is that of Go's checksum
// database (golang.org/x/mod/sumdb/tlog), the notes are those of golang.org/x/mod/sumdb/note.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run orgolog.go -log VKEY [-witness VKEY] [-proofs FILE] DIR
//
// It builds every hash from the entries, compares each tile with its file, opens the checkpoint, and proves and checks every
// entry and every earlier size, reading tiles alone. FILE has Orgo's own proofs as JSON lines, {index, path} and {from, path}.
package main

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// pathOf is a tile's path as C2SP tlog-tiles spells it: without the height, and with entries instead of data.
func pathOf(t tlog.Tile) string {
	path := strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

// folder reads tiles, and nothing else, for proofs.
type folder string

func (folder) Height() int                             { return height }
func (folder) SaveTiles(tiles []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(string(f), pathOf(tile)))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// hashes are those that the entries give, in the order in which a log stores them.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		found = append(found, h[index])
	}
	return found, nil
}

// witness verifies cosignature/v1 (C2SP tlog-cosignature) as a note signature.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	said := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(said), sig[8:])
}

func newWitness(vkey string) (witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return witness{}, errors.New("no witness key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return witness{}, errors.New("no Ed25519 witness key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(sum[:4]) != parts[1] {
		return witness{}, errors.New("the id is not of this witness key")
	}
	return witness{parts[0], binary.BigEndian.Uint32(sum[:4]), key[1:]}, nil
}

func entriesOf(dir string, size int64) ([][]byte, error) {
	var entries [][]byte
	for index := int64(0); index*256 < size; index++ {
		width := size - index*256
		if width > 256 {
			width = 256
		}
		data, err := os.ReadFile(filepath.Join(dir, pathOf(tlog.Tile{H: height, L: -1, N: index, W: int(width)})))
		if err != nil {
			return nil, err
		}
		for count := int64(0); count < width; count++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("bundle %d is cut off", index)
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			entries, data = append(entries, data[2:end]), data[end:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("bundle %d has more entries than %d", index, width)
		}
	}
	return entries, nil
}

// theirs checks proofs that Orgo made.
func theirs(file string, tree tlog.Tree, all hashes) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	lines, count := bufio.NewScanner(bytes.NewReader(data)), 0
	lines.Buffer(nil, 1<<20)
	for ; lines.Scan(); count++ {
		var said struct {
			Index *int64
			From  *int64
			Path  []string
		}
		if err := json.Unmarshal(lines.Bytes(), &said); err != nil {
			return 0, err
		}
		var path []tlog.Hash
		for _, text := range said.Path {
			var hash tlog.Hash
			if bytes, err := hex.DecodeString(text); err != nil || copy(hash[:], bytes) != 32 {
				return 0, errors.New("no hash in a proof")
			}
			path = append(path, hash)
		}
		if said.Index != nil {
			err = tlog.CheckRecord(path, tree.N, tree.Hash, *said.Index, all[tlog.StoredHashIndex(0, *said.Index)])
		} else if old, wrong := tlog.TreeHash(*said.From, all); wrong != nil {
			err = wrong
		} else {
			err = tlog.CheckTree(path, tree.N, tree.Hash, *said.From, old)
		}
		if err != nil {
			return 0, fmt.Errorf("Orgo's proof %d: %w", count, err)
		}
	}
	return count, lines.Err()
}

// widest leaves out the narrower forms of a partial tile: a log of one size has one of each.
func widest(tiles []tlog.Tile) []tlog.Tile {
	var found []tlog.Tile
	for at, tile := range tiles {
		if at+1 < len(tiles) && tiles[at+1].L == tile.L && tiles[at+1].N == tile.N {
			continue
		}
		found = append(found, tile)
	}
	return found
}

func check(dir, vkey, witnessKey, proofs string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	known := []note.Verifier{verifier}
	if witnessKey != "" {
		one, err := newWitness(witnessKey)
		if err != nil {
			return err
		}
		known = append(known, one)
	}
	text, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	opened, err := note.Open(text, note.VerifierList(known...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != len(known) {
		return fmt.Errorf("%d of %d keys signed the checkpoint", len(opened.Sigs), len(known))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return errors.New("the checkpoint is of another log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	tree := tlog.Tree{N: size, Hash: root}

	entries, err := entriesOf(dir, size)
	if err != nil {
		return err
	}
	var all hashes
	for index, entry := range entries {
		more, err := tlog.StoredHashes(int64(index), entry, all)
		if err != nil {
			return err
		}
		all = append(all, more...)
	}
	if computed, err := tlog.TreeHash(size, all); err != nil || computed != root {
		return fmt.Errorf("the entries give root %v, the checkpoint says %v (%v)", computed, root, err)
	}
	tiles := widest(tlog.NewTiles(height, 0, size))
	for _, tile := range tiles {
		want, err := tlog.ReadTileData(tile, all)
		if err != nil {
			return err
		}
		if have, err := os.ReadFile(filepath.Join(dir, pathOf(tile))); err != nil || !bytes.Equal(have, want) {
			return fmt.Errorf("%s is not the tile of the entries (%v)", pathOf(tile), err)
		}
	}
	reader := tlog.TileHashReader(tree, folder(dir))
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(size, int64(index), reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, root, int64(index), tlog.RecordHash(entry)); err != nil {
			return err
		}
	}
	for old := int64(1); old <= size; old++ {
		before, err := tlog.TreeHash(old, all)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(size, old, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, size, root, old, before); err != nil {
			return err
		}
	}
	checked := 0
	if proofs != "" {
		if checked, err = theirs(proofs, tree, all); err != nil {
			return err
		}
	}
	fmt.Printf("%s %d %s tiles=%d proofs=%d signatures=%d\n", lines[0], size, hex.EncodeToString(root[:]), len(tiles), checked, len(opened.Sigs))
	return nil
}

func main() {
	vkey := flag.String("log", "", "verifier key of the log")
	witnessKey := flag.String("witness", "", "verifier key of a witness that must have cosigned")
	proofs := flag.String("proofs", "", "proofs by Orgo to check, JSON lines")
	flag.Parse()
	if err := check(flag.Arg(0), *vkey, *witnessKey, *proofs); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}
