// Everything a program does with S3, by the AWS SDK for Go v2. See README.md of the folder above.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

type scenario struct {
	s3     *s3.Client
	bucket *string
	prefix string
	traits map[string]string
}

var ctx = context.Background()

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: URL BUCKET PREFIX [NAME=VALUE...]")
		os.Exit(2)
	}
	run(func() {
		// No retries: every failure is to be seen. Keys, region and the authority to trust come from the environment.
		settings := must[aws.Config]("settings")(config.LoadDefaultConfig(ctx, config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} })))
		client := s3.NewFromConfig(settings, func(options *s3.Options) {
			options.BaseEndpoint = aws.String(os.Args[1])
			options.UsePathStyle = true
		})
		each := &scenario{client, aws.String(os.Args[2]), os.Args[3], map[string]string{}}
		for _, word := range os.Args[4:] {
			name, value, _ := strings.Cut(word, "=")
			each.traits[name] = value
		}
		each.buckets()
		each.puts()
		each.checksums()
		each.ranges()
		each.conditions()
		each.copies()
		each.parts()
		each.abortedParts()
		each.transfers()
		each.lists()
		each.links()
	})
}

func (s *scenario) key(name string) *string { return aws.String(s.prefix + name) }

func (s *scenario) put(name string, body []byte) *s3.PutObjectOutput {
	return must[*s3.PutObjectOutput]("put " + name)(s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key(name), Body: bytes.NewReader(body)}))
}

func (s *scenario) get(name string) []byte {
	answer := must[*s3.GetObjectOutput]("get " + name)(s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key(name),
		ChecksumMode: types.ChecksumModeEnabled}))
	return drain("read "+name, answer.Body) // compares the checksum, if there is one
}

func (s *scenario) etagOf(what string, body []byte, etag *string) {
	if s.traits["etags"] == "other" {
		that(what+" "+*etag, strings.HasSuffix(unquoted(etag), "-0"))
		return
	}
	equal(what, md5Of(body), unquoted(etag))
}

func (s *scenario) buckets() {
	_, err := s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: s.bucket})
	that("the bucket exists", err == nil)
	_, err = s.s3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(*s.bucket + "-of-nobody")})
	fails("another bucket", 404, "", err)
	listed := must[*s3.ListBucketsOutput]("buckets")(s.s3.ListBuckets(ctx, &s3.ListBucketsInput{}))
	found := false
	for _, each := range listed.Buckets {
		found = found || *each.Name == *s.bucket
	}
	that("the bucket is listed", found)
	_, err = s.s3.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: s.bucket})
	that("its location", err == nil)
}

func (s *scenario) puts() {
	for _, size := range []int{0, 1, 65_535, 65_536, 400_000} {
		body, name := made(size, int64(size)), fmt.Sprintf("size-%d", size)
		s.etagOf("ETag of "+name, body, s.put(name, body).ETag)
		same(name, body, s.get(name))
	}
	body, key := made(10_000, 1), s.key("odd/blank key+plus%20per&cent=?/ünï")
	_, err := s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: key, Body: bytes.NewReader(body), ContentType: aws.String("text/x"),
		CacheControl: aws.String("no-store"), Metadata: map[string]string{"mtime": "1.5", "with-dash": "a b;c=d"}})
	that("put with metadata", err == nil)
	told := must[*s3.HeadObjectOutput]("head")(s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: key}))
	equal("length", int64(len(body)), *told.ContentLength)
	equal("type", "text/x", *told.ContentType)
	equal("caching", "no-store", *told.CacheControl)
	equal("metadata", fmt.Sprint(map[string]string{"mtime": "1.5", "with-dash": "a b;c=d"}), fmt.Sprint(told.Metadata))
	same("object with metadata", body, s.get("odd/blank key+plus%20per&cent=?/ünï"))
	_, err = s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key("wrong"), Body: strings.NewReader("x"),
		ContentMD5: aws.String("1B2M2Y8AsgTpgAmY7PhCfg==")}) // of no bytes
	fails("a body that is not what its MD5 says", 400, "BadDigest", err)
	_, err = s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("wrong")})
	fails("nothing to get", 404, "NoSuchKey", err)
	_, err = s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: s.key("wrong")})
	fails("nothing to look at", 404, "", err)
	for range [2]int{} {
		_, err = s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: key})
		that("removed", err == nil)
	}
}

func (s *scenario) checksums() {
	body := made(70_000, 6)
	for _, algorithm := range []types.ChecksumAlgorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmSha1,
		types.ChecksumAlgorithmSha256} {
		name := "checksum-" + string(algorithm)
		_, err := s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key(name), Body: bytes.NewReader(body), ChecksumAlgorithm: algorithm})
		that(fmt.Sprint("put with ", algorithm, ": ", err), err == nil)
		same(name, body, s.get(name))
	}
	_, err := s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key("wrong"), Body: strings.NewReader("x"),
		ChecksumCRC32: aws.String("AAAAAA==")}) // of no bytes
	fails("a body that is not what its checksum says", 400, "BadDigest", err)
}

func (s *scenario) ranges() {
	body := made(300_000, 2)
	s.put("ranges", body)
	for text, stretch := range map[string][]byte{"bytes=0-0": body[:1], "bytes=10-19": body[10:20], "bytes=131000-262200": body[131_000:262_201],
		"bytes=299999-400000": body[299_999:], "bytes=299000-": body[299_000:], "bytes=-7": body[299_993:]} {
		answer := must[*s3.GetObjectOutput](text)(s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("ranges"), Range: aws.String(text)}))
		that("it tells the whole size", strings.HasSuffix(*answer.ContentRange, "/300000"))
		same(text, stretch, drain(text, answer.Body))
	}
	_, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("ranges"), Range: aws.String("bytes=300000-")})
	fails("a range behind the end", 416, "InvalidRange", err)
}

// The fields for conditions came to the SDK late; the headers are the same in every version.
func (s *scenario) putIf(header, value, body string) (*s3.PutObjectOutput, error) {
	return s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key("condition"), Body: strings.NewReader(body)},
		s3.WithAPIOptions(smithyhttp.AddHeaderValue(header, value)))
}

func (s *scenario) conditions() {
	_, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: s.bucket, Key: s.key("condition")})
	that("removed", err == nil)
	first := must[*s3.PutObjectOutput]("a first one")(s.putIf("If-None-Match", "*", "1")).ETag
	_, err = s.putIf("If-None-Match", "*", "2")
	fails("a second one", 412, "PreconditionFailed", err)
	second := must[*s3.PutObjectOutput]("an expected one")(s.putIf("If-Match", *first, "3")).ETag
	_, err = s.putIf("If-Match", *first, "4")
	fails("a stale one", 412, "PreconditionFailed", err)
	same("what was allowed", []byte("3"), s.get("condition"))
	_, err = s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("condition"), IfMatch: first})
	fails("another version", 412, "", err)
	_, err = s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("condition"), IfNoneMatch: second})
	fails("the same version again", 304, "", err)
}

func (s *scenario) copies() {
	body := made(200_000, 3)
	_, err := s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key("copy source +"), Body: bytes.NewReader(body),
		Metadata: map[string]string{"who": "first"}})
	that("put", err == nil)
	copyOf := func(source, target string, more func(*s3.CopyObjectInput)) (*s3.CopyObjectOutput, error) {
		request := &s3.CopyObjectInput{Bucket: s.bucket, Key: s.key(target), CopySource: s.source(source)}
		more(request)
		return s.s3.CopyObject(ctx, request)
	}
	nothing := func(*s3.CopyObjectInput) {}
	copied := must[*s3.CopyObjectOutput]("copy")(copyOf("copy source +", "copied", nothing))
	s.etagOf("ETag of a copy", body, copied.CopyObjectResult.ETag)
	same("copy", body, s.get("copied"))
	head := func() *s3.HeadObjectOutput {
		return must[*s3.HeadObjectOutput]("head")(s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: s.key("copied")}))
	}
	equal("its metadata", "first", head().Metadata["who"])
	_, err = copyOf("copied", "copied", func(request *s3.CopyObjectInput) {
		request.MetadataDirective, request.Metadata, request.ContentType = types.MetadataDirectiveReplace, map[string]string{"who": "second"}, aws.String("text/y")
	})
	that("copy onto itself", err == nil)
	equal("metadata replaced", "second", head().Metadata["who"])
	equal("type replaced", "text/y", *head().ContentType)
	same("copy onto itself", body, s.get("copied"))
	_, err = copyOf("nothing", "no copy", nothing)
	fails("a copy of nothing", 404, "NoSuchKey", err)
	if s.traits["copyconditions"] != "ignored" {
		_, err = copyOf("copied", "no copy", func(request *s3.CopyObjectInput) { request.CopySourceIfNoneMatch = copied.CopyObjectResult.ETag })
		fails("a copy under a condition that fails", 412, "PreconditionFailed", err)
	}
}

// Links for the test to use: one to read `linked`, one to write `written by link`.
func (s *scenario) links() {
	s.put("linked", made(1000, 5))
	signer := s3.NewPresignClient(s.s3, s3.WithPresignExpires(10*time.Minute))
	read, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("linked")})
	that("a link to read", err == nil)
	write, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key("written by link")})
	that("a link to write", err == nil)
	fmt.Printf("link GET %s\nlink PUT %s\n", read.URL, write.URL)
}

// A body of unknown length that cannot be read twice, as a pipe is.
func stream(size int) (io.Reader, *bytes.Buffer) {
	seen := &bytes.Buffer{}
	return io.TeeReader(io.LimitReader(rand.Reader, int64(size)), seen), seen
}
