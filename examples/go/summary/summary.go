// Package summary counts the requests in an access log.
package summary

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
)

// Row is one path with its requests.
type Row struct {
	Path   string
	Hits   int
	Errors int // status 500 and above
	Bytes  int64
}

// Of reads lines like
//
//	10.0.0.7 "GET /index.html" 200 5120
//
// and returns a row for each path, the busiest first.
func Of(log io.Reader) ([]Row, error) {
	byPath := map[string]*Row{}
	lines := bufio.NewScanner(log)
	for number := 1; lines.Scan(); number++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		path, status, bytes, err := parse(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		row := byPath[path]
		if row == nil {
			row = &Row{Path: path}
			byPath[path] = row
		}
		row.Hits++
		row.Bytes += bytes
		if status >= 500 {
			row.Errors++
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(byPath))
	for _, row := range byPath {
		rows = append(rows, *row)
	}
	sort.Slice(rows, func(a, b int) bool {
		if rows[a].Hits != rows[b].Hits {
			return rows[a].Hits > rows[b].Hits
		}
		return rows[a].Path < rows[b].Path
	})
	return rows, nil
}

func parse(line string) (path string, status int, bytes int64, err error) {
	parts := strings.Split(line, `"`)
	if len(parts) != 3 {
		return "", 0, 0, fmt.Errorf("no quoted request in %q", line)
	}
	request, rest := strings.Fields(parts[1]), strings.Fields(parts[2])
	if len(request) != 2 || len(rest) != 2 {
		return "", 0, 0, fmt.Errorf("not a request: %q", line)
	}
	if status, err = strconv.Atoi(rest[0]); err != nil {
		return "", 0, 0, err
	}
	bytes, err = strconv.ParseInt(rest[1], 10, 64)
	return request[1], status, bytes, err
}
