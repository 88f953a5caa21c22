package holdfast.clients;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** What the Java programs share: bodies that can be made again, comparisons that stop the program, and its arguments. */
final class Check {
    static final int MEBIBYTE = 1 << 20;
    /** The parts of an upload: the least size that S3 allows, twice, and a short last one. */
    static final int[] PARTS = {5 * MEBIBYTE, 5 * MEBIBYTE, 1000};

    private static int passed;

    private Check() {}

    /** The first thing that is not as it should be. */
    static final class Failure extends RuntimeException {
        Failure(String message) {
            super(message);
        }
    }

    /** URL BUCKET PREFIX [NAME=VALUE...]; the values say how the storage differs (see README.md). */
    record Arguments(String url, String bucket, String prefix, Map<String, String> traits) {
        static Arguments of(String[] words) {
            if (words.length < 3) throw new Failure("usage: URL BUCKET PREFIX [NAME=VALUE...]");
            Map<String, String> traits = new HashMap<>();
            for (String word : Arrays.copyOfRange(words, 3, words.length)) {
                String[] pair = word.split("=", 2);
                traits.put(pair[0], pair[1]);
            }
            return new Arguments(words[0], words[1], words[2], traits);
        }

        String trait(String name) {
            return traits.getOrDefault(name, "");
        }
    }

    interface Action {
        void run() throws Exception;
    }

    /** Runs the scenario; exit code 1 and one line on standard error at the first failure. */
    static void main(Action scenario) {
        try {
            scenario.run();
        } catch (Failure failure) {
            System.err.println("failed after " + passed + " checks: " + failure.getMessage());
            System.exit(1);
        } catch (Exception failure) {
            failure.printStackTrace();
            System.err.println("failed after " + passed + " checks");
            System.exit(1);
        }
        System.out.println("passed " + passed + " checks");
        System.exit(0);
    }

    /** Bytes that are the same for the same size and seed. */
    static byte[] bytes(int size, int seed) {
        byte[] made = new byte[size];
        new Random(seed).nextBytes(made);
        return made;
    }

    static byte[] join(byte[]... pieces) {
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] piece : pieces) joined.writeBytes(piece);
        return joined.toByteArray();
    }

    static byte[] drain(InputStream source) throws IOException {
        try (source) {
            return source.readAllBytes();
        }
    }

    static void equal(String what, Object expected, Object found) {
        that(what + ": expected " + expected + ", found " + found, Objects.equals(expected, found));
    }

    static void same(String what, byte[] expected, byte[] found) {
        int at = Arrays.mismatch(expected, found);
        that(what + ": " + found.length + " bytes in place of " + expected.length + ", different from byte " + at, at < 0);
    }

    static void that(String what, boolean holds) {
        if (!holds) throw new Failure(what);
        passed++;
    }

    static String md5(byte[] bytes) {
        try {
            StringBuilder text = new StringBuilder();
            for (byte b : MessageDigest.getInstance("MD5").digest(bytes)) text.append(String.format("%02x", b));
            return text.toString();
        } catch (NoSuchAlgorithmException never) {
            throw new IllegalStateException(never);
        }
    }
}
