package holdfast.clients;

import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.AmazonS3Exception;
import com.amazonaws.services.s3.model.CannedAccessControlList;
import com.amazonaws.services.s3.model.CompleteMultipartUploadRequest;
import com.amazonaws.services.s3.model.DeleteObjectsRequest;
import com.amazonaws.services.s3.model.GetObjectRequest;
import com.amazonaws.services.s3.model.InitiateMultipartUploadRequest;
import com.amazonaws.services.s3.model.ListObjectsRequest;
import com.amazonaws.services.s3.model.ObjectListing;
import com.amazonaws.services.s3.model.ObjectMetadata;
import com.amazonaws.services.s3.model.PartETag;
import com.amazonaws.services.s3.model.PutObjectRequest;
import com.amazonaws.services.s3.model.S3ObjectSummary;
import com.amazonaws.services.s3.model.StorageClass;
import com.amazonaws.services.s3.model.UploadPartRequest;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What Elasticsearch 7 asks of S3 when it keeps snapshots there: every write names an access list and a storage class, bodies are streams of
 * known length, lists are of version 1 with a delimiter, and removal is in bulk and quiet.
 */
final class Elasticsearch {
    private final AmazonS3 s3;
    private final String bucket;
    private final String base;

    Elasticsearch(AmazonS3 s3, String bucket, String base) {
        this.s3 = s3;
        this.bucket = bucket;
        this.base = base;
    }

    void run() throws Exception {
        Check.that("the bucket is found by its access list", s3.doesBucketExistV2(bucket));
        byte[] small = Check.bytes(3_000, 11);
        byte[] large = Check.bytes(11 * Check.MEBIBYTE, 12);
        write("tests-x/master.dat", small);
        write("index-0", small);
        write("indices/abc/0/snap-1.dat", small);
        write("indices/abc/1/snap-1.dat", small);
        writeInParts("indices/abc/0/__large", large, 5 * Check.MEBIBYTE);
        writeInParts("indices/abc/0/__empty", new byte[0], 5 * Check.MEBIBYTE);
        Check.same("a blob", small, read("index-0"));
        Check.same("a blob of parts", large, read("indices/abc/0/__large"));
        Check.same("a blob of one empty part", new byte[0], read("indices/abc/0/__empty"));
        InputStream part = s3.getObject(new GetObjectRequest(bucket, base + "indices/abc/0/__large").withRange(5_242_000, 5_243_999))
            .getObjectContent();
        Check.same("a range over two parts", Arrays.copyOfRange(large, 5_242_000, 5_244_000), Check.drain(part));
        Check.that("it exists", s3.doesObjectExist(bucket, base + "index-0"));
        Check.that("another does not", !s3.doesObjectExist(bucket, base + "index-1"));
        write("index-0", large);  // a blob is written over in place
        Check.same("a blob written over", large, read("index-0"));
        lists();
        remove();
    }

    private void write(String name, byte[] body) {
        ObjectMetadata metadata = new ObjectMetadata();
        metadata.setContentLength(body.length);
        PutObjectRequest request = new PutObjectRequest(bucket, base + name, new ByteArrayInputStream(body), metadata);
        request.setStorageClass(StorageClass.Standard);
        request.setCannedAcl(CannedAccessControlList.Private);
        s3.putObject(request);
    }

    private void writeInParts(String name, byte[] body, int size) {
        InitiateMultipartUploadRequest begin = new InitiateMultipartUploadRequest(bucket, base + name);
        begin.setStorageClass(StorageClass.Standard);
        begin.setCannedACL(CannedAccessControlList.Private);
        String upload = s3.initiateMultipartUpload(begin).getUploadId();
        List<PartETag> tags = new ArrayList<>();
        InputStream source = new ByteArrayInputStream(body);
        int sent = 0;
        do {
            int length = Math.min(size, body.length - sent);
            sent += length;
            tags.add(s3.uploadPart(new UploadPartRequest().withBucketName(bucket).withKey(base + name).withUploadId(upload)
                .withPartNumber(tags.size() + 1).withInputStream(source).withPartSize(length).withLastPart(sent == body.length)).getPartETag());
        } while (sent < body.length);
        s3.completeMultipartUpload(new CompleteMultipartUploadRequest(bucket, base + name, upload, tags));
    }

    private byte[] read(String name) throws Exception {
        return Check.drain(s3.getObject(new GetObjectRequest(bucket, base + name)).getObjectContent());
    }

    /** What a list with and without a delimiter shows: names, then folders. */
    private List<String> list(String from, String delimiter) {
        List<String> found = new ArrayList<>();
        ObjectListing page = s3.listObjects(new ListObjectsRequest().withBucketName(bucket).withPrefix(base + from).withDelimiter(delimiter));
        for (;; page = s3.listNextBatchOfObjects(page)) {
            for (S3ObjectSummary each : page.getObjectSummaries()) found.add(each.getKey().substring(base.length()));
            for (String each : page.getCommonPrefixes()) found.add(each.substring(base.length()));
            if (!page.isTruncated()) return found;
        }
    }

    private void lists() {
        Check.equal("the top", List.of("index-0", "indices/", "tests-x/"), list("", "/"));
        Check.equal("by prefix", List.of("index-0"), list("index-", "/"));
        Check.equal("a shard", List.of("indices/abc/0/__empty", "indices/abc/0/__large", "indices/abc/0/snap-1.dat"), list("indices/abc/0/", "/"));
        Check.equal("all", 6, list("", null).size());
    }

    private void remove() throws Exception {
        List<String> names = new ArrayList<>(list("", null));
        names.add("never-written");
        DeleteObjectsRequest bulk = new DeleteObjectsRequest(bucket).withQuiet(true);
        bulk.withKeys(names.stream().map(name -> base + name).toArray(String[]::new));
        Check.equal("a quiet answer names none", 0, s3.deleteObjects(bulk).getDeletedObjects().size());
        Check.equal("nothing is left", List.of(), list("", null));
        try {
            read("index-0");
        } catch (AmazonS3Exception gone) {
            Check.equal("status of a removed blob", 404, gone.getStatusCode());
            return;
        }
        throw new Check.Failure("a removed blob was read");
    }
}
