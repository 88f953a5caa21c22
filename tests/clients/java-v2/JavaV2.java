package holdfast.clients;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.CopyObjectResponse;
import software.amazon.awssdk.services.s3.model.Delete;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MetadataDirective;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/** Everything a program does with S3, by the AWS SDK for Java v2, which sends checksums of its own and compares those it is given. */
final class JavaV2 {
    private final S3Client s3;
    private final Check.Arguments arguments;
    private final String bucket;
    private final String prefix;

    private JavaV2(Check.Arguments arguments) {
        this.arguments = arguments;
        bucket = arguments.bucket();
        prefix = arguments.prefix();
        // No retries: every failure is to be seen. The keys come from the environment.
        s3 = S3Client.builder().endpointOverride(URI.create(arguments.url())).region(Region.US_EAST_1).forcePathStyle(true)
            .overrideConfiguration(each -> each.retryStrategy(retry -> retry.maxAttempts(1))).build();
    }

    public static void main(String[] words) {
        Check.main(() -> {
            JavaV2 scenario = new JavaV2(Check.Arguments.of(words));
            scenario.buckets();
            scenario.puts();
            scenario.checksums();
            scenario.ranges();
            scenario.conditions();
            scenario.copies();
            new Parts(scenario.s3, scenario.arguments).run();
            scenario.lists();
            scenario.links();
        });
    }

    /** The call has to be answered with that status and code (empty: any). */
    static void fails(String what, int status, String code, Check.Action action) throws Exception {
        try {
            action.run();
        } catch (S3Exception error) {
            Check.equal(what + ", status", status, error.statusCode());
            if (!code.isEmpty()) Check.equal(what + ", code", code, error.awsErrorDetails().errorCode());
            return;
        }
        throw new Check.Failure(what + ": did not fail with " + status + " " + code);
    }

    static String unquoted(String etag) {
        return etag.replace("\"", "");
    }

    private PutObjectResponse put(String key, byte[] body) {
        return s3.putObject(each -> each.bucket(bucket).key(prefix + key), RequestBody.fromBytes(body));
    }

    private byte[] get(String key) {
        return s3.getObjectAsBytes(each -> each.bucket(bucket).key(prefix + key)).asByteArray();
    }

    private void etagOf(String what, byte[] body, String etag) {
        Check.equal(what, Check.md5(body), unquoted(etag));
    }

    private void buckets() throws Exception {
        s3.headBucket(each -> each.bucket(bucket));
        fails("another bucket", 404, "", () -> s3.headBucket(each -> each.bucket(bucket + "-of-nobody")));
        Check.that("the bucket is listed", s3.listBuckets().buckets().stream().anyMatch(each -> each.name().equals(bucket)));
        s3.getBucketLocation(each -> each.bucket(bucket));
    }

    private void puts() throws Exception {
        for (int size : new int[] {0, 1, 65_536, 131_073, 400_000}) {
            byte[] body = Check.bytes(size, size);
            etagOf("ETag of " + size + " bytes", body, put("size-" + size, body).eTag());
            Check.same("object of " + size + " bytes", body, get("size-" + size));
        }
        byte[] body = Check.bytes(10_000, 1);
        Map<String, String> metadata = Map.of("mtime", "1.5", "with-dash", "a b;c=d");
        String key = "odd/blank key+plus%20per&cent=?/\u00fcn\u00ef";
        s3.putObject(each -> each.bucket(bucket).key(prefix + key).contentType("text/x").cacheControl("no-store").metadata(metadata),
            RequestBody.fromBytes(body));
        HeadObjectResponse told = s3.headObject(each -> each.bucket(bucket).key(prefix + key));
        Check.equal("length", (long) body.length, told.contentLength());
        Check.equal("type", "text/x", told.contentType());
        Check.equal("caching", "no-store", told.cacheControl());
        Check.equal("encoding", null, told.contentEncoding());
        Check.equal("metadata", metadata, told.metadata());
        Check.same("object with metadata", body, get(key));
        fails("a body that is not what its MD5 says", 400, "BadDigest", () -> s3.putObject(
            each -> each.bucket(bucket).key(prefix + "wrong").contentMD5("1B2M2Y8AsgTpgAmY7PhCfg=="), RequestBody.fromString("x")));
        fails("nothing to get", 404, "NoSuchKey", () -> get("wrong"));
        fails("nothing to look at", 404, "", () -> s3.headObject(each -> each.bucket(bucket).key(prefix + "wrong")));
        s3.deleteObject(each -> each.bucket(bucket).key(prefix + key));
        s3.deleteObject(each -> each.bucket(bucket).key(prefix + key));
        fails("what was removed", 404, "NoSuchKey", () -> get(key));
    }

    private void checksums() throws Exception {
        byte[] body = Check.bytes(70_000, 6);
        for (ChecksumAlgorithm algorithm : List.of(ChecksumAlgorithm.CRC32, ChecksumAlgorithm.CRC32_C, ChecksumAlgorithm.SHA1,
                                                   ChecksumAlgorithm.SHA256)) {
            String key = prefix + "checksum-" + algorithm;
            s3.putObject(each -> each.bucket(bucket).key(key).checksumAlgorithm(algorithm), RequestBody.fromBytes(body));
            Check.same(key, body, s3.getObjectAsBytes(each -> each.bucket(bucket).key(key).checksumMode(ChecksumMode.ENABLED)).asByteArray());
        }
        fails("a body that is not what its checksum says", 400, "BadDigest", () -> s3.putObject(
            each -> each.bucket(bucket).key(prefix + "wrong").checksumCRC32("AAAAAA=="), RequestBody.fromString("x")));
    }

    private void ranges() throws Exception {
        byte[] body = Check.bytes(300_000, 2);
        put("ranges", body);
        Map<String, byte[]> ranges = Map.of("bytes=0-0", Arrays.copyOf(body, 1), "bytes=131000-262200", Arrays.copyOfRange(body, 131_000, 262_201),
            "bytes=299999-400000", Arrays.copyOfRange(body, 299_999, 300_000), "bytes=-7", Arrays.copyOfRange(body, 299_993, 300_000));
        for (Map.Entry<String, byte[]> range : ranges.entrySet()) {
            ResponseBytes<GetObjectResponse> part = s3.getObjectAsBytes(each -> each.bucket(bucket).key(prefix + "ranges").range(range.getKey()));
            Check.that("it tells the whole size", part.response().contentRange().endsWith("/300000"));
            Check.same(range.getKey(), range.getValue(), part.asByteArray());
        }
        fails("a range behind the end", 416, "InvalidRange",
            () -> s3.getObjectAsBytes(each -> each.bucket(bucket).key(prefix + "ranges").range("bytes=300000-")));
    }

    private void conditions() throws Exception {
        String key = prefix + "condition";
        s3.deleteObject(each -> each.bucket(bucket).key(key));
        String first = s3.putObject(each -> each.bucket(bucket).key(key).ifNoneMatch("*"), RequestBody.fromString("1")).eTag();
        fails("a second one", 412, "PreconditionFailed",
            () -> s3.putObject(each -> each.bucket(bucket).key(key).ifNoneMatch("*"), RequestBody.fromString("2")));
        String second = s3.putObject(each -> each.bucket(bucket).key(key).ifMatch(first), RequestBody.fromString("3")).eTag();
        fails("a stale one", 412, "PreconditionFailed",
            () -> s3.putObject(each -> each.bucket(bucket).key(key).ifMatch(first), RequestBody.fromString("4")));
        Check.same("what was allowed", new byte[] {'3'}, get("condition"));
        fails("another version", 412, "", () -> s3.getObjectAsBytes(each -> each.bucket(bucket).key(key).ifMatch(first)));
        fails("the same version again", 304, "", () -> s3.getObjectAsBytes(each -> each.bucket(bucket).key(key).ifNoneMatch(second)));
    }

    private CopyObjectRequest.Builder copyOf(String source, String target) {
        return CopyObjectRequest.builder().sourceBucket(bucket).sourceKey(prefix + source).destinationBucket(bucket).destinationKey(prefix + target);
    }

    private void copies() throws Exception {
        byte[] body = Check.bytes(200_000, 3);
        s3.putObject(each -> each.bucket(bucket).key(prefix + "copy source +").metadata(Map.of("who", "first")), RequestBody.fromBytes(body));
        CopyObjectResponse copied = s3.copyObject(copyOf("copy source +", "copied").build());
        etagOf("ETag of a copy", body, copied.copyObjectResult().eTag());
        Check.same("copy", body, get("copied"));
        Check.equal("its metadata", Map.of("who", "first"), s3.headObject(each -> each.bucket(bucket).key(prefix + "copied")).metadata());
        s3.copyObject(copyOf("copied", "copied").metadataDirective(MetadataDirective.REPLACE).metadata(Map.of("who", "second"))
            .contentType("text/y").build());
        HeadObjectResponse told = s3.headObject(each -> each.bucket(bucket).key(prefix + "copied"));
        Check.equal("metadata replaced", Map.of("who", "second"), told.metadata());
        Check.equal("type replaced", "text/y", told.contentType());
        Check.same("copy onto itself", body, get("copied"));
        fails("a copy of nothing", 404, "NoSuchKey", () -> s3.copyObject(copyOf("nothing", "no copy").build()));
        if (arguments.trait("copyconditions").equals("ignored")) return;
        fails("a copy under a condition that fails", 412, "PreconditionFailed",
            () -> s3.copyObject(copyOf("copied", "no copy").copySourceIfNoneMatch(copied.copyObjectResult().eTag()).build()));
    }

    private void lists() {
        List<String> keys = new ArrayList<>();
        for (int number = 0; number < 13; number++) {
            String name = "list/" + number / 5 + "/key +%" + (char) ('a' + number);
            keys.add(prefix + name);
            put(name, new byte[] {'x'});
        }
        List<String> found = new ArrayList<>();
        ListObjectsResponse page;
        do {
            String marker = found.isEmpty() ? null : found.get(found.size() - 1);
            page = s3.listObjects(each -> each.bucket(bucket).prefix(prefix + "list/").maxKeys(5).marker(marker));
            page.contents().forEach(each -> found.add(each.key()));
        } while (page.isTruncated());
        Check.equal("list", keys, found);
        found.clear();
        s3.listObjectsV2Paginator(each -> each.bucket(bucket).prefix(prefix + "list/").maxKeys(5)).contents().forEach(each -> found.add(each.key()));
        Check.equal("list of version 2", keys, found);
        List<String> folders = new ArrayList<>();
        for (ListObjectsV2Response each : s3.listObjectsV2Paginator(
                 request -> request.bucket(bucket).prefix(prefix + "list/").delimiter("/").maxKeys(1))) {
            Check.equal("objects beside folders", 0, each.contents().size());
            each.commonPrefixes().forEach(folder -> folders.add(folder.prefix().substring(prefix.length())));
        }
        Check.equal("folders", List.of("list/0/", "list/1/", "list/2/"), folders);
        keys.add(prefix + "list/not there");
        Delete bulk = Delete.builder().objects(keys.stream().map(key -> ObjectIdentifier.builder().key(key).build()).toList()).build();
        Check.equal("removed at once", keys.size(), s3.deleteObjects(each -> each.bucket(bucket).delete(bulk)).deleted().size());
        Check.equal("left", 0, s3.listObjectsV2(each -> each.bucket(bucket).prefix(prefix + "list/")).keyCount());
    }

    /** Links for the test to use: one to read `linked`, one to write `written by link`. */
    private void links() {
        put("linked", Check.bytes(1000, 5));
        try (S3Presigner signer = S3Presigner.builder().endpointOverride(URI.create(arguments.url())).region(Region.US_EAST_1).s3Client(s3).build()) {
            Duration time = Duration.ofMinutes(10);
            System.out.println("link GET " + signer.presignGetObject(each -> each.signatureDuration(time)
                .getObjectRequest(request -> request.bucket(bucket).key(prefix + "linked"))).url());
            System.out.println("link PUT " + signer.presignPutObject(each -> each.signatureDuration(time)
                .putObjectRequest(request -> request.bucket(bucket).key(prefix + "written by link"))).url());
        }
    }
}
