package holdfast.clients;

import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadResponse;
import software.amazon.awssdk.services.s3.model.CopyPartResult;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/** Uploads in parts: by hand, given up, and by the SDK's client that makes them of one call. */
final class Parts {
    private final S3Client s3;
    private final Check.Arguments arguments;
    private final String bucket;
    private final String prefix;

    Parts(S3Client s3, Check.Arguments arguments) {
        this.s3 = s3;
        this.arguments = arguments;
        bucket = arguments.bucket();
        prefix = arguments.prefix();
    }

    void run() throws Exception {
        byHand();
        aborted();
        transfers();
    }

    private String begin(String key) {
        return s3.createMultipartUpload(each -> each.bucket(bucket).key(prefix + key).metadata(Map.of("who", "parts"))).uploadId();
    }

    private CompletedPart part(String key, String upload, int number, byte[] body) {
        UploadPartResponse answer = s3.uploadPart(each -> each.bucket(bucket).key(prefix + key).uploadId(upload).partNumber(number),
            RequestBody.fromBytes(body));
        Check.equal("ETag of part " + number, Check.md5(body), JavaV2.unquoted(answer.eTag()));
        return CompletedPart.builder().partNumber(number).eTag(answer.eTag()).build();
    }

    private CompleteMultipartUploadResponse complete(String key, String upload, List<CompletedPart> parts) {
        return s3.completeMultipartUpload(each -> each.bucket(bucket).key(prefix + key).uploadId(upload)
            .multipartUpload(list -> list.parts(parts)));
    }

    private byte[] get(String key) {
        return s3.getObjectAsBytes(each -> each.bucket(bucket).key(prefix + key)).asByteArray();
    }

    private void byHand() throws Exception {
        String upload = begin("parts");
        byte[] whole = new byte[0];
        List<CompletedPart> parts = new ArrayList<>();
        for (int number = 1; number <= Check.PARTS.length; number++) {
            byte[] body = Check.bytes(Check.PARTS[number - 1], number);
            parts.add(part("parts", upload, number, body));
            whole = Check.join(whole, body);
        }
        byte[] source = Check.bytes(300_000, 9);
        s3.putObject(each -> each.bucket(bucket).key(prefix + "part source"), RequestBody.fromBytes(source));
        CopyPartResult copied = s3.uploadPartCopy(each -> each.sourceBucket(bucket).sourceKey(prefix + "part source")
            .copySourceRange("bytes=100-200099").destinationBucket(bucket).destinationKey(prefix + "parts").uploadId(upload).partNumber(4))
            .copyPartResult();
        parts.add(CompletedPart.builder().partNumber(4).eTag(copied.eTag()).build());
        JavaV2.fails("a short part in the middle", 400, "EntityTooSmall", () -> complete("parts", upload, parts));
        parts.remove(2);  // the short one is left out
        String etag = complete("parts", upload, parts).eTag();
        Check.that("ETag of parts " + etag, JavaV2.unquoted(etag).endsWith("-3"));
        byte[] expected = Check.join(Arrays.copyOf(whole, 10 * Check.MEBIBYTE), Arrays.copyOfRange(source, 100, 200_100));
        Check.same("object of parts", expected, get("parts"));
        HeadObjectResponse told = s3.headObject(each -> each.bucket(bucket).key(prefix + "parts"));
        Check.equal("its ETag", etag, told.eTag());
        Check.equal("its metadata", Map.of("who", "parts"), told.metadata());
    }

    private int uploads() {
        return s3.listMultipartUploads(each -> each.bucket(bucket).prefix(prefix + "aborted")).uploads().size();
    }

    private int listedParts(String upload) {
        return s3.listParts(each -> each.bucket(bucket).key(prefix + "aborted").uploadId(upload)).parts().size();
    }

    private void aborted() throws Exception {
        String upload = begin("aborted");
        part("aborted", upload, 1, Check.bytes(1000, 1));
        String refusal = arguments.trait("uploads");
        Check.equal("parts", 1, listedParts(upload));
        if (refusal.isEmpty()) {
            Check.equal("uploads", 1, uploads());
        } else {
            JavaV2.fails("a list of uploads", 501, refusal, this::uploads);
        }
        s3.abortMultipartUpload(each -> each.bucket(bucket).key(prefix + "aborted").uploadId(upload));
        JavaV2.fails("parts of an aborted upload", 404, "NoSuchUpload", () -> listedParts(upload));
        if (refusal.isEmpty()) Check.equal("uploads", 0, uploads());
    }

    /** One call each, of which the asynchronous client makes parts: up, as a copy, and down by part numbers. */
    private void transfers() throws Exception {
        byte[] body = Check.bytes(12 * Check.MEBIBYTE + 3, 4);
        long size = 5L * Check.MEBIBYTE;
        try (S3AsyncClient client = S3AsyncClient.builder().endpointOverride(URI.create(arguments.url())).region(Region.US_EAST_1)
                 .forcePathStyle(true).overrideConfiguration(each -> each.retryStrategy(retry -> retry.maxAttempts(1))).multipartEnabled(true)
                 .multipartConfiguration(each -> each.minimumPartSizeInBytes(size).thresholdInBytes(size)).build()) {
            client.putObject(each -> each.bucket(bucket).key(prefix + "transfer"), AsyncRequestBody.fromBytes(body)).join();
            client.copyObject(each -> each.sourceBucket(bucket).sourceKey(prefix + "transfer").destinationBucket(bucket)
                .destinationKey(prefix + "transfer copied")).join();
            byte[] found = arguments.trait("partnumbers").equals("ignored") ? get("transfer copied")
                : client.getObject(each -> each.bucket(bucket).key(prefix + "transfer copied"), AsyncResponseTransformer.toBytes()).join().asByteArray();
            Check.same("what was sent, copied and fetched in parts", body, found);
        }
    }
}
