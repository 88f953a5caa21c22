package holdfast.clients;

import com.amazonaws.ClientConfiguration;
import com.amazonaws.HttpMethod;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.s3.model.AbortMultipartUploadRequest;
import com.amazonaws.services.s3.model.AmazonS3Exception;
import com.amazonaws.services.s3.model.CompleteMultipartUploadRequest;
import com.amazonaws.services.s3.model.CopyObjectRequest;
import com.amazonaws.services.s3.model.CopyPartRequest;
import com.amazonaws.services.s3.model.DeleteObjectsRequest;
import com.amazonaws.services.s3.model.DeleteObjectsRequest.KeyVersion;
import com.amazonaws.services.s3.model.GeneratePresignedUrlRequest;
import com.amazonaws.services.s3.model.GetObjectRequest;
import com.amazonaws.services.s3.model.InitiateMultipartUploadRequest;
import com.amazonaws.services.s3.model.ListMultipartUploadsRequest;
import com.amazonaws.services.s3.model.ListObjectsRequest;
import com.amazonaws.services.s3.model.ListObjectsV2Request;
import com.amazonaws.services.s3.model.ListObjectsV2Result;
import com.amazonaws.services.s3.model.ListPartsRequest;
import com.amazonaws.services.s3.model.ObjectListing;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.PartETag;
import com.amazonaws.services.s3.model.PutObjectRequest;
import com.amazonaws.services.s3.model.PutObjectResult;
import com.amazonaws.services.s3.model.S3Object;
import com.amazonaws.services.s3.model.S3ObjectSummary;
import com.amazonaws.services.s3.model.UploadPartRequest;
import com.amazonaws.services.s3.transfer.TransferManager;
import com.amazonaws.services.s3.transfer.TransferManagerBuilder;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Everything a program does with S3, by the AWS SDK for Java v1, which compares MD5s and ETags itself wherever it can. */
final class JavaV1 {
    private final AmazonS3 s3;
    private final Check.Arguments arguments;
    private final String bucket;
    private final String prefix;

    private JavaV1(Check.Arguments arguments) {
        this.arguments = arguments;
        bucket = arguments.bucket();
        prefix = arguments.prefix();
        // No retries: every failure is to be seen. The keys come from the environment.
        s3 = AmazonS3ClientBuilder.standard().withEndpointConfiguration(new EndpointConfiguration(arguments.url(), "us-east-1"))
            .withPathStyleAccessEnabled(true).withClientConfiguration(new ClientConfiguration().withMaxErrorRetry(0)).build();
    }

    public static void main(String[] words) {
        Check.main(() -> {
            JavaV1 scenario = new JavaV1(Check.Arguments.of(words));
            scenario.buckets();
            scenario.puts();
            scenario.ranges();
            scenario.conditions();
            scenario.copies();
            scenario.parts();
            scenario.abortedParts();
            scenario.transfers();
            scenario.lists();
            new Elasticsearch(scenario.s3, scenario.bucket, scenario.prefix + "elasticsearch/").run();
            scenario.links();
        });
    }

    private void fails(String what, int status, String code, Check.Action action) throws Exception {
        try {
            action.run();
        } catch (AmazonS3Exception error) {
            Check.equal(what + ", status", status, error.getStatusCode());
            if (!code.isEmpty()) Check.equal(what + ", code", code, error.getErrorCode());
            return;
        }
        throw new Check.Failure(what + ": did not fail with " + status + " " + code);
    }

    private PutObjectResult put(String key, byte[] body) {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(body.length);
        return s3.putObject(bucket, prefix + key, new ByteArrayInputStream(body), metadata);
    }

    private byte[] get(String key) throws Exception {
        return Check.drain(s3.getObject(bucket, prefix + key).getObjectContent());
    }

    private void etagOf(String what, byte[] body, String etag) {
        if (arguments.trait("etags").equals("other")) {
            Check.that(what + " " + etag, etag.endsWith("-0"));
        } else {
            Check.equal(what, Check.md5(body), etag);
        }
    }

    private void buckets() throws Exception {
        Check.that("the bucket exists", s3.doesBucketExistV2(bucket));
        Check.that("another does not", !s3.doesBucketExistV2(bucket + "-of-nobody"));
        Check.that("the bucket is listed", s3.listBuckets().stream().anyMatch(each -> each.getName().equals(bucket)));
        s3.getBucketLocation(bucket);
        fails("a list of a bucket that is not there", 404, "NoSuchBucket", () -> s3.listObjects(bucket + "-of-nobody"));
    }

    private void puts() throws Exception {
        // Around the 128 KiB that one signed chunk holds.
        for (int size : new int[] {0, 1, 131_071, 131_072, 131_073, 400_000}) {
            byte[] body = Check.bytes(size, size);
            etagOf("ETag of " + size + " bytes", body, put("size-" + size, body).getETag());
            Check.same("object of " + size + " bytes", body, get("size-" + size));
        }
        byte[] body = Check.bytes(10_000, 1);
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(body.length);
        metadata.setContentType("text/x");
        metadata.setCacheControl("no-store");
        metadata.setContentDisposition("attachment; filename=\"x y\"");
        metadata.setUserMetadata(Map.of("mtime", "1.5", "with-dash", "a b;c=d"));
        String key = prefix + "odd/blank key+plus%20per&cent=?/\u00fcn\u00ef";
        s3.putObject(bucket, key, new ByteArrayInputStream(body), metadata);
        ObjectMetadata told = s3.getObjectMetadata(bucket, key);
        Check.equal("length", (long) body.length, told.getContentLength());
        Check.equal("type", "text/x", told.getContentType());
        Check.equal("caching", "no-store", told.getCacheControl());
        Check.equal("disposition", "attachment; filename=\"x y\"", told.getContentDisposition());
        Check.equal("metadata", Map.of("mtime", "1.5", "with-dash", "a b;c=d"), told.getUserMetadata());
        Check.that("it was changed lately", Math.abs(told.getLastModified().getTime() - new Date().getTime()) < 3_600_000);
        Check.same("object with metadata", body, Check.drain(s3.getObject(bucket, key).getObjectContent()));
        fails("a body that is not what its MD5 says", 400, "BadDigest", () -> {
            ObjectMetadata wrong = new ObjectMetadata();
            wrong.setContentLength(1);
            wrong.setContentMD5("1B2M2Y8AsgTpgAmY7PhCfg==");  // of no bytes
            s3.putObject(bucket, prefix + "wrong", new ByteArrayInputStream(new byte[1]), wrong);
        });
        Check.that("it is not there then", !s3.doesObjectExist(bucket, prefix + "wrong"));
        fails("nothing to get", 404, "NoSuchKey", () -> get("nothing"));
        fails("nothing to look at", 404, "", () -> s3.getObjectMetadata(bucket, prefix + "nothing"));
        s3.deleteObject(bucket, key);
        Check.that("it is gone", !s3.doesObjectExist(bucket, key));
        s3.deleteObject(bucket, key);
    }

    private void ranges() throws Exception {
        byte[] body = Check.bytes(300_000, 2);
        put("ranges", body);
        for (long[] range : new long[][] {{0, 0}, {10, 19}, {131_000, 262_200}, {299_999, 400_000}}) {
            S3Object part = s3.getObject(new GetObjectRequest(bucket, prefix + "ranges").withRange(range[0], range[1]));
            int end = (int) Math.min(range[1] + 1, body.length);
            Check.equal("whole length", (long) body.length, part.getObjectMetadata().getInstanceLength());
            Check.same("range from " + range[0], java.util.Arrays.copyOfRange(body, (int) range[0], end), Check.drain(part.getObjectContent()));
        }
        S3Object open = s3.getObject(new GetObjectRequest(bucket, prefix + "ranges").withRange(299_000));
        Check.same("open range", java.util.Arrays.copyOfRange(body, 299_000, 300_000), Check.drain(open.getObjectContent()));
        fails("a range behind the end", 416, "InvalidRange",
            () -> s3.getObject(new GetObjectRequest(bucket, prefix + "ranges").withRange(300_000, 300_001)));
    }

    private PutObjectResult putIf(String header, String value, byte[] body) {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(body.length);
        PutObjectRequest request = new PutObjectRequest(bucket, prefix + "condition", new ByteArrayInputStream(body), metadata);
        request.putCustomRequestHeader(header, value);
        return s3.putObject(request);
    }

    private void conditions() throws Exception {
        s3.deleteObject(bucket, prefix + "condition");
        String first = putIf("If-None-Match", "*", new byte[] {1}).getETag();
        fails("a second one", 412, "PreconditionFailed", () -> putIf("If-None-Match", "*", new byte[] {2}));
        String second = putIf("If-Match", '"' + first + '"', new byte[] {3}).getETag();
        fails("a stale one", 412, "PreconditionFailed", () -> putIf("If-Match", '"' + first + '"', new byte[] {4}));
        Check.same("what was allowed", new byte[] {3}, get("condition"));
        GetObjectRequest request = new GetObjectRequest(bucket, prefix + "condition");
        Check.that("another version is not given", s3.getObject(request.withMatchingETagConstraint(first)) == null);
        request = new GetObjectRequest(bucket, prefix + "condition");
        Check.that("the same version is not given again", s3.getObject(request.withNonmatchingETagConstraint(second)) == null);
    }

    private void copies() throws Exception {
        byte[] body = Check.bytes(200_000, 3);
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(body.length);
        metadata.addUserMetadata("who", "first");
        s3.putObject(bucket, prefix + "copy source +", new ByteArrayInputStream(body), metadata);
        etagOf("ETag of a copy", body, s3.copyObject(bucket, prefix + "copy source +", bucket, prefix + "copied").getETag());
        Check.same("copy", body, get("copied"));
        Check.equal("its metadata", Map.of("who", "first"), s3.getObjectMetadata(bucket, prefix + "copied").getUserMetadata());
        ObjectMetadata other = new ObjectMetadata();
        other.addUserMetadata("who", "second");
        other.setContentType("text/y");
        s3.copyObject(new CopyObjectRequest(bucket, prefix + "copied", bucket, prefix + "copied").withNewObjectMetadata(other));
        ObjectMetadata told = s3.getObjectMetadata(bucket, prefix + "copied");
        Check.equal("metadata replaced", Map.of("who", "second"), told.getUserMetadata());
        Check.equal("type replaced", "text/y", told.getContentType());
        Check.same("copy onto itself", body, get("copied"));
        fails("a copy of nothing", 404, "NoSuchKey", () -> s3.copyObject(bucket, prefix + "nothing", bucket, prefix + "no copy"));
        if (arguments.trait("copyconditions").equals("ignored")) return;
        CopyObjectRequest stale = new CopyObjectRequest(bucket, prefix + "copied", bucket, prefix + "no copy");
        Check.that("a copy under a condition that fails", s3.copyObject(stale.withMatchingETagConstraint(Check.md5(new byte[0]))) == null);
    }

    private String begin(String key) {
        return s3.initiateMultipartUpload(new InitiateMultipartUploadRequest(bucket, prefix + key)).getUploadId();
    }

    private PartETag part(String key, String upload, int number, byte[] body) {
        return s3.uploadPart(new UploadPartRequest().withBucketName(bucket).withKey(prefix + key).withUploadId(upload).withPartNumber(number)
            .withInputStream(new ByteArrayInputStream(body)).withPartSize(body.length)).getPartETag();
    }

    private void parts() throws Exception {
        String upload = begin("parts");
        byte[] whole = new byte[0];
        List<PartETag> tags = new ArrayList<>();
        for (int number = 1; number <= Check.PARTS.length; number++) {
            byte[] body = Check.bytes(Check.PARTS[number - 1], number);
            tags.add(part("parts", upload, number, body));
            etagOf("ETag of part " + number, body, tags.get(number - 1).getETag());
            whole = Check.join(whole, body);
        }
        byte[] source = Check.bytes(300_000, 9);
        put("part source", source);
        tags.add(new PartETag(4, s3.copyPart(new CopyPartRequest().withSourceBucketName(bucket).withSourceKey(prefix + "part source")
            .withFirstByte(100L).withLastByte(200_099L).withDestinationBucketName(bucket).withDestinationKey(prefix + "parts")
            .withUploadId(upload).withPartNumber(4)).getETag()));
        List<PartETag> small = tags.subList(0, 4);
        fails("a short part in the middle", 400, "EntityTooSmall",
            () -> s3.completeMultipartUpload(new CompleteMultipartUploadRequest(bucket, prefix + "parts", upload, small)));
        tags.remove(2);  // the short one is left out
        byte[] expected = Check.join(java.util.Arrays.copyOf(whole, 10 * Check.MEBIBYTE), java.util.Arrays.copyOfRange(source, 100, 200_100));
        String etag = s3.completeMultipartUpload(new CompleteMultipartUploadRequest(bucket, prefix + "parts", upload, tags)).getETag();
        Check.that("ETag of parts " + etag, etag.endsWith("-3"));
        Check.same("object of parts", expected, get("parts"));
        Check.equal("its ETag", etag, s3.getObjectMetadata(bucket, prefix + "parts").getETag());
    }

    private void abortedParts() throws Exception {
        String upload = begin("aborted");
        part("aborted", upload, 1, Check.bytes(1000, 1));
        ListPartsRequest list = new ListPartsRequest(bucket, prefix + "aborted", upload);
        ListMultipartUploadsRequest uploads = new ListMultipartUploadsRequest(bucket).withPrefix(prefix + "aborted");
        AbortMultipartUploadRequest abort = new AbortMultipartUploadRequest(bucket, prefix + "aborted", upload);
        String refusal = arguments.trait("uploads");
        if (refusal.equals("AccessDenied")) {  // as the documented policy of an upstream has it
            fails("a list of parts", 403, refusal, () -> s3.listParts(list));
            fails("an abort", 403, refusal, () -> s3.abortMultipartUpload(abort));
            return;
        }
        Check.equal("parts", 1, s3.listParts(list).getParts().size());
        if (refusal.isEmpty()) {
            Check.equal("uploads", 1, s3.listMultipartUploads(uploads).getMultipartUploads().size());
        } else {
            fails("a list of uploads", 501, refusal, () -> s3.listMultipartUploads(uploads));
        }
        s3.abortMultipartUpload(abort);
        fails("parts of an aborted upload", 404, "NoSuchUpload", () -> s3.listParts(list));
        if (refusal.isEmpty()) Check.equal("uploads", 0, s3.listMultipartUploads(uploads).getMultipartUploads().size());
        Check.that("no object of it", !s3.doesObjectExist(bucket, prefix + "aborted"));
    }

    /** The SDK's own transfers: parts in parallel, up, down and as copies. */
    private void transfers() throws Exception {
        // It lists the parts of each upload before it begins, which the documented policy of an upstream does not allow.
        if (arguments.trait("uploads").equals("AccessDenied")) return;
        byte[] body = Check.bytes(12 * Check.MEBIBYTE + 3, 4);
        File up = File.createTempFile("holdfast", ".up");
        File down = File.createTempFile("holdfast", ".down");
        TransferManager transfers = TransferManagerBuilder.standard().withS3Client(s3).withMinimumUploadPartSize(5L * Check.MEBIBYTE)
            .withMultipartUploadThreshold(5L * Check.MEBIBYTE).withMultipartCopyThreshold(5L * Check.MEBIBYTE)
            .withMultipartCopyPartSize(5L * Check.MEBIBYTE).build();
        try {
            Files.write(up.toPath(), body);
            transfers.upload(bucket, prefix + "transfer", up).waitForCompletion();
            transfers.copy(bucket, prefix + "transfer", bucket, prefix + "transfer copied").waitForCompletion();
            if (arguments.trait("partnumbers").equals("ignored")) {
                GetObjectRequest second = new GetObjectRequest(bucket, prefix + "transfer copied").withPartNumber(2);
                fails("a part by its number", 500, "InternalError", () -> s3.getObject(second));
                Files.write(down.toPath(), get("transfer copied"));
            } else {
                transfers.download(bucket, prefix + "transfer copied", down).waitForCompletion();
            }
            Check.same("what was sent, copied and fetched in parts", body, Files.readAllBytes(down.toPath()));
        } finally {
            transfers.shutdownNow(false);
            Files.delete(up.toPath());
            Files.delete(down.toPath());
        }
    }

    private void lists() {
        List<String> keys = new ArrayList<>();
        for (int number = 0; number < 13; number++) {
            keys.add(prefix + "list/" + number / 5 + "/key +%" + (char) ('a' + number));
            s3.putObject(bucket, keys.get(number), "x");
        }
        List<String> found = new ArrayList<>();
        ObjectListing page = s3.listObjects(new ListObjectsRequest().withBucketName(bucket).withPrefix(prefix + "list/").withMaxKeys(5));
        for (;; page = s3.listNextBatchOfObjects(page)) {
            Check.that("a page holds at most five", page.getObjectSummaries().size() <= 5);
            for (S3ObjectSummary each : page.getObjectSummaries()) found.add(each.getKey());
            if (!page.isTruncated()) break;
        }
        Check.equal("list", keys, found);
        found.clear();
        ListObjectsV2Request request = new ListObjectsV2Request().withBucketName(bucket).withPrefix(prefix + "list/").withMaxKeys(5);
        ListObjectsV2Result second;
        do {
            second = s3.listObjectsV2(request);
            for (S3ObjectSummary each : second.getObjectSummaries()) found.add(each.getKey());
            request.setContinuationToken(second.getNextContinuationToken());
        } while (second.isTruncated());
        Check.equal("list of version 2", keys, found);
        TreeSet<String> folders = new TreeSet<>();
        page = s3.listObjects(new ListObjectsRequest(bucket, prefix + "list/", null, "/", 1));
        for (;; page = s3.listNextBatchOfObjects(page)) {
            folders.addAll(page.getCommonPrefixes());
            Check.equal("objects beside folders", 0, page.getObjectSummaries().size());
            if (!page.isTruncated()) break;
        }
        Check.equal("folders", List.of(prefix + "list/0/", prefix + "list/1/", prefix + "list/2/"), List.copyOf(folders));
        keys.add(prefix + "list/not there");
        DeleteObjectsRequest bulk = new DeleteObjectsRequest(bucket).withKeys(keys.stream().map(KeyVersion::new).toList());
        Check.equal("removed at once", keys.size(), s3.deleteObjects(bulk).getDeletedObjects().size());
        Check.equal("left", 0, s3.listObjectsV2(bucket, prefix + "list/").getKeyCount());
    }

    /** Links for the test to use: one to read `linked`, one to write `written by link`. */
    private void links() {
        put("linked", Check.bytes(1000, 5));
        Date end = new Date(new Date().getTime() + 600_000);
        for (HttpMethod method : new HttpMethod[] {HttpMethod.GET, HttpMethod.PUT}) {
            String key = prefix + (method == HttpMethod.GET ? "linked" : "written by link");
            System.out.println("link " + method + " " + s3.generatePresignedUrl(new GeneratePresignedUrlRequest(bucket, key, method)
                .withExpiration(end)));
        }
    }
}
