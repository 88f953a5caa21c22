package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const mebibyte = 1 << 20

var passed int

// The first thing that is not as it should be.
type failure struct{ text string }

// Ends the program at the first failure: one line on standard error, exit code 1.
func run(scenario func()) {
	defer func() {
		if thrown := recover(); thrown != nil {
			if wrong, ours := thrown.(failure); ours {
				fmt.Fprintf(os.Stderr, "failed after %d checks: %s\n", passed, wrong.text)
				os.Exit(1)
			}
			panic(thrown)
		}
		fmt.Printf("passed %d checks\n", passed)
	}()
	scenario()
}

func that(what string, holds bool) {
	if !holds {
		panic(failure{what})
	}
	passed++
}

func equal[T comparable](what string, expected, found T) {
	that(fmt.Sprintf("%s: expected %v, found %v", what, expected, found), expected == found)
}

func same(what string, expected, found []byte) {
	that(fmt.Sprintf("%s: %d other bytes in place of %d", what, len(found), len(expected)), bytes.Equal(expected, found))
}

// What must not fail, with what it returns: must("get")(client.GetObject(...)).
func must[T any](what string) func(T, error) T {
	return func(value T, err error) T {
		if err != nil {
			panic(failure{what + ": " + err.Error()})
		}
		passed++
		return value
	}
}

// The call has to be answered with that status and code (empty: any).
func fails(what string, status int, code string, err error) {
	that(what+" did not fail", err != nil)
	var answer *smithyhttp.ResponseError
	that(what+": "+err.Error(), errors.As(err, &answer))
	equal(what+", status", status, answer.HTTPStatusCode())
	var told smithy.APIError
	if code != "" && errors.As(err, &told) {
		equal(what+", code", code, told.ErrorCode())
	}
}

// Bytes that are the same for the same size and seed.
func made(size int, seed int64) []byte {
	body := make([]byte, size)
	rand.New(rand.NewSource(seed)).Read(body)
	return body
}

func md5Of(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

func drain(what string, source io.ReadCloser) []byte {
	defer source.Close()
	return must[[]byte](what)(io.ReadAll(source))
}

func unquoted(etag *string) string { return strings.Trim(*etag, `"`) }
