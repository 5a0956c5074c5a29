// Command accesslog prints the busiest paths of an access log.
package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"accesslog/summary"
)

func main() {
	rows, err := summary.Of(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "accesslog:", err)
		os.Exit(1)
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "hits\terrors\tbytes\tpath\t")
	for _, row := range rows {
		fmt.Fprintf(out, "%d\t%d\t%d\t%s\t\n", row.Hits, row.Errors, row.Bytes, row.Path)
	}
	out.Flush()
}
