package summary

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const log = `10.0.0.7 "GET /" 200 100
10.0.0.8 "GET /api" 503 7

10.0.0.7 "GET /api" 200 93
`

func TestRowsAreCountedAndSorted(t *testing.T) {
	rows, err := Of(strings.NewReader(log))
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{{"/api", 2, 1, 100}, {"/", 1, 0, 100}}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("got %v, want %v", rows, want)
	}
}

func TestABadLineIsNamed(t *testing.T) {
	_, err := Of(strings.NewReader("10.0.0.7 \"GET /\" 200 100\nnonsense\n"))
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error about line 2", err)
	}
}

// Leaves a file in the temporary directory and one in the cache directory, as careless tests do.
func TestALogIsReadFromAFile(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, directory := range []string{os.TempDir(), filepath.Join(cache, "accesslog")} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(directory, "accesslog-sample.txt")
		if err := os.WriteFile(name, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := Of(file)
		file.Close()
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: got %v, %v", name, rows, err)
		}
	}
}
