package main

import (
	"bytes"
	"fmt"
	"net/url"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (s *scenario) source(name string) *string {
	path := url.URL{Path: *s.bucket + "/" + s.prefix + name}
	return aws.String(strings.ReplaceAll(path.EscapedPath(), "+", "%2B"))
}

func (s *scenario) begin(name string) *string {
	return must[*s3.CreateMultipartUploadOutput]("begin " + name)(s.s3.CreateMultipartUpload(ctx,
		&s3.CreateMultipartUploadInput{Bucket: s.bucket, Key: s.key(name), Metadata: map[string]string{"who": "parts"}})).UploadId
}

func (s *scenario) part(name string, upload *string, number int32, body []byte) types.CompletedPart {
	answer := must[*s3.UploadPartOutput](fmt.Sprint("part ", number))(s.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: s.bucket, Key: s.key(name),
		UploadId: upload, PartNumber: aws.Int32(number), Body: bytes.NewReader(body)}))
	s.etagOf("ETag of a part", body, answer.ETag)
	return types.CompletedPart{PartNumber: aws.Int32(number), ETag: answer.ETag, ChecksumCRC32: answer.ChecksumCRC32}
}

func (s *scenario) complete(name string, upload *string, parts []types.CompletedPart) (*s3.CompleteMultipartUploadOutput, error) {
	return s.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: s.bucket, Key: s.key(name), UploadId: upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
}

func (s *scenario) parts() {
	upload := s.begin("parts")
	first, second, short := made(5*mebibyte, 1), made(5*mebibyte, 2), made(1000, 3)
	done := []types.CompletedPart{s.part("parts", upload, 1, first), s.part("parts", upload, 2, second), s.part("parts", upload, 3, short)}
	source := made(300_000, 9)
	s.put("part source", source)
	copied := must[*s3.UploadPartCopyOutput]("part copy")(s.s3.UploadPartCopy(ctx, &s3.UploadPartCopyInput{Bucket: s.bucket, Key: s.key("parts"),
		UploadId: upload, PartNumber: aws.Int32(4), CopySource: s.source("part source"), CopySourceRange: aws.String("bytes=100-200099")}))
	last := types.CompletedPart{PartNumber: aws.Int32(4), ETag: copied.CopyPartResult.ETag, ChecksumCRC32: copied.CopyPartResult.ChecksumCRC32}
	_, err := s.complete("parts", upload, append(append([]types.CompletedPart{}, done...), last))
	fails("a short part in the middle", 400, "EntityTooSmall", err)
	answer := must[*s3.CompleteMultipartUploadOutput]("complete")(s.complete("parts", upload, append(done[:2:2], last)))
	that("ETag of parts "+*answer.ETag, strings.HasSuffix(unquoted(answer.ETag), "-3"))
	same("object of parts", bytes.Join([][]byte{first, second, source[100:200_100]}, nil), s.get("parts"))
	told := must[*s3.HeadObjectOutput]("head")(s.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: s.bucket, Key: s.key("parts")}))
	equal("its ETag", *answer.ETag, *told.ETag)
	equal("its metadata", "parts", told.Metadata["who"])
}

func (s *scenario) abortedParts() {
	upload := s.begin("aborted")
	s.part("aborted", upload, 1, made(1000, 1))
	listParts := func() (*s3.ListPartsOutput, error) {
		return s.s3.ListParts(ctx, &s3.ListPartsInput{Bucket: s.bucket, Key: s.key("aborted"), UploadId: upload})
	}
	listUploads := func() (*s3.ListMultipartUploadsOutput, error) {
		return s.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: s.bucket, Prefix: s.key("aborted")})
	}
	refusal := s.traits["uploads"]
	equal("parts", 1, len(must[*s3.ListPartsOutput]("list parts")(listParts()).Parts))
	if refusal == "" {
		equal("uploads", 1, len(must[*s3.ListMultipartUploadsOutput]("list uploads")(listUploads()).Uploads))
	} else {
		_, err := listUploads()
		fails("a list of uploads", 501, refusal, err)
	}
	_, err := s.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: s.bucket, Key: s.key("aborted"), UploadId: upload})
	that("abort", err == nil)
	_, err = listParts()
	fails("parts of an aborted upload", 404, "NoSuchUpload", err)
	if refusal == "" {
		equal("uploads", 0, len(must[*s3.ListMultipartUploadsOutput]("list uploads")(listUploads()).Uploads))
	}
}

// The SDK's own transfers: parts in parallel, up from a stream of unknown length, and down.
func (s *scenario) transfers() {
	body, sent := stream(12*mebibyte + 3)
	uploader := manager.NewUploader(s.s3, func(options *manager.Uploader) { options.PartSize = 5 * mebibyte })
	_, err := uploader.Upload(ctx, &s3.PutObjectInput{Bucket: s.bucket, Key: s.key("transfer"), Body: body})
	that(fmt.Sprint("upload: ", err), err == nil)
	target := manager.NewWriteAtBuffer(nil)
	downloader := manager.NewDownloader(s.s3, func(options *manager.Downloader) { options.PartSize = 5 * mebibyte })
	_, err = downloader.Download(ctx, target, &s3.GetObjectInput{Bucket: s.bucket, Key: s.key("transfer")})
	that(fmt.Sprint("download: ", err), err == nil)
	same("what was sent and fetched in parts", sent.Bytes(), target.Bytes())
}

func (s *scenario) lists() {
	var keys []string
	for number := 0; number < 13; number++ {
		name := fmt.Sprintf("list/%d/key +%%%c", number/5, 'a'+number)
		s.put(name, []byte("x"))
		keys = append(keys, s.prefix+name)
	}
	expected := strings.Join(keys, "\n")
	var found []string
	for request := (&s3.ListObjectsInput{Bucket: s.bucket, Prefix: s.key("list/"), MaxKeys: aws.Int32(5)}); ; {
		page := must[*s3.ListObjectsOutput]("list")(s.s3.ListObjects(ctx, request))
		for _, each := range page.Contents {
			found = append(found, *each.Key)
		}
		if !*page.IsTruncated {
			break
		}
		request.Marker = aws.String(found[len(found)-1])
	}
	equal("list", expected, strings.Join(found, "\n"))
	found = nil
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: s.bucket, Prefix: s.key("list/"), MaxKeys: aws.Int32(5)})
	for pages.HasMorePages() {
		page := must[*s3.ListObjectsV2Output]("list of version 2")(pages.NextPage(ctx))
		for _, each := range page.Contents {
			found = append(found, *each.Key)
		}
	}
	equal("list of version 2", expected, strings.Join(found, "\n"))
	var folders []string
	pages = s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: s.bucket, Prefix: s.key("list/"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(1)})
	for pages.HasMorePages() {
		page := must[*s3.ListObjectsV2Output]("folders")(pages.NextPage(ctx))
		equal("objects beside folders", 0, len(page.Contents))
		for _, each := range page.CommonPrefixes {
			folders = append(folders, strings.TrimPrefix(*each.Prefix, s.prefix))
		}
	}
	sort.Strings(folders)
	equal("folders", "list/0/ list/1/ list/2/", strings.Join(folders, " "))
	s.removeAll(append(keys, s.prefix+"list/not there"))
	left := must[*s3.ListObjectsV2Output]("list")(s.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: s.bucket, Prefix: s.key("list/")}))
	equal("left", 0, len(left.Contents))
}

func (s *scenario) removeAll(keys []string) {
	var targets []types.ObjectIdentifier
	for _, key := range keys {
		targets = append(targets, types.ObjectIdentifier{Key: aws.String(key)})
	}
	answer := must[*s3.DeleteObjectsOutput]("remove")(s.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: s.bucket, Delete: &types.Delete{Objects: targets}}))
	equal("removed at once", len(keys), len(answer.Deleted))
	equal("errors", 0, len(answer.Errors))
}
