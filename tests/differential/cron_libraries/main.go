// Answers for the two dialects of cron that programs in Go read: cron_libraries kubernetes|cronexpr COUNT.
// Standard input: ZONE<TAB>UNIX SECONDS<TAB>EXPRESSION in hexadecimal. For each line one is printed: "invalid", or the next COUNT times in
// Unix seconds with commas between, each later than the one before. What ends early says how: "end" when there is none, "stuck" when the
// library answers a time that is not later; "panic" when it crashes.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

type nextFunction func(time.Time) time.Time

func parse(dialect, text string) (nextFunction, error) {
	if dialect == "kubernetes" {
		schedule, err := cron.ParseStandard(text)
		if err != nil {
			return nil, err
		}
		return schedule.Next, nil
	}
	return parseCronexpr(text)
}

func answer(dialect, text string, from time.Time, count int) (result string) {
	defer func() {
		if recover() != nil {
			result = "panic"
		}
	}()
	next, err := parse(dialect, text)
	if err != nil {
		return "invalid"
	}
	var times []string
	for now := from; len(times) < count; {
		then := next(now)
		if then.IsZero() {
			return strings.Join(append(times, "end"), ",")
		}
		if !then.After(now) {
			return strings.Join(append(times, "stuck"), ",")
		}
		times = append(times, strconv.FormatInt(then.Unix(), 10))
		now = then
	}
	return strings.Join(times, ",")
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	zones := map[string]*time.Location{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if zones[fields[0]] == nil {
			if zones[fields[0]], err = time.LoadLocation(fields[0]); err != nil {
				panic(err)
			}
		}
		seconds, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			panic(err)
		}
		text, err := hex.DecodeString(fields[2])
		if err != nil {
			panic(err)
		}
		// Unbuffered: recursion without an end cannot be caught, and the line at which it happens must be known.
		fmt.Println(answer(os.Args[1], string(text), time.Unix(seconds, 0).In(zones[fields[0]]), count))
	}
}
