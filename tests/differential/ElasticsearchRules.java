import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.elasticsearch.Version;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.snapshots.Snapshot;
import org.elasticsearch.snapshots.SnapshotId;
import org.elasticsearch.snapshots.SnapshotInfo;
import org.elasticsearch.snapshots.SnapshotState;
import org.elasticsearch.xpack.core.scheduler.Cron;
import org.elasticsearch.xpack.core.slm.SnapshotRetentionConfiguration;

/**
 * Answers for what Elasticsearch's own classes read, one line for each of standard input: ElasticsearchRules cron COUNT | timevalue | slm.
 *
 * cron: ZONE, UNIX SECONDS, EXPRESSION in hexadecimal, tabs between; "invalid", or the next COUNT times in Unix seconds, commas between;
 * "end" when there is none, "panic" when the class throws or does not come back.
 * timevalue: TEXT in hexadecimal; "invalid" or nanoseconds and milliseconds.
 * slm: EXPIRE_AFTER, MIN, MAX (- is absent), NOW_MS, snapshots as NAME:STATE:START_MS with commas between; the names that go, sorted as given.
 */
public class ElasticsearchRules {
    private static final int SECONDS_FOR_ONE = 5;
    private static ExecutorService threads = newThreads();

    private static ExecutorService newThreads() {
        return Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
        });
    }

    private static String within(Callable<String> work) throws InterruptedException {
        try {
            return threads.submit(work).get(SECONDS_FOR_ONE, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            return "panic";
        }
    }

    private static String text(String hexadecimal) {
        return new String(HexFormat.of().parseHex(hexadecimal), StandardCharsets.UTF_8);
    }

    private static String cron(String[] fields, int count) {
        Cron cron;
        try {
            cron = new Cron(text(fields[2]));
        } catch (IllegalArgumentException e) {
            return "invalid";
        }
        List<String> times = new ArrayList<>();
        long time = Long.parseLong(fields[1]) * 1000;
        while (times.size() < count) {
            time = cron.getNextValidTimeAfter(time);
            if (time < 0) {
                times.add("end");
                break;
            }
            times.add(Long.toString(time / 1000));
        }
        return String.join(",", times);
    }

    private static String timeValue(String hexadecimal) {
        try {
            TimeValue value = TimeValue.parseTimeValue(text(hexadecimal), "expire_after");
            return value.nanos() + " " + value.millis();
        } catch (IllegalArgumentException e) {
            return "invalid";
        }
    }

    private static String slm(String[] fields) {
        List<SnapshotInfo> all = new ArrayList<>();
        if (!fields[4].equals("-")) {
            for (String one : fields[4].split(",")) {
                String[] parts = one.split(":");
                SnapshotState state = SnapshotState.valueOf(parts[1]);
                if (state == SnapshotState.IN_PROGRESS) continue;  // as the retention task drops them
                long start = Long.parseLong(parts[2]);
                all.add(new SnapshotInfo(new Snapshot("r", new SnapshotId(parts[0], "u" + parts[0])), List.of("i"), List.of(), List.of(), null,
                    Version.CURRENT, start, start + 1, 1, 1, List.of(), false, Map.of(), state, Map.of()));
            }
        }
        SnapshotRetentionConfiguration policy = new SnapshotRetentionConfiguration(() -> Long.parseLong(fields[3]),
            fields[0].equals("-") ? null : TimeValue.parseTimeValue(fields[0], "expire_after"),
            fields[1].equals("-") ? null : Integer.valueOf(fields[1]), fields[2].equals("-") ? null : Integer.valueOf(fields[2]));
        Predicate<SnapshotInfo> goes = policy.getSnapshotDeletionPredicate(all);
        List<String> names = new ArrayList<>();
        for (SnapshotInfo one : all) {
            if (goes.test(one)) names.add(one.snapshotId().getName());
        }
        return String.join(",", names);
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null; ) {
            String[] fields = line.split("\t", -1);
            out.println(switch (arguments[0]) {
                case "cron" -> within(() -> cron(fields, Integer.parseInt(arguments[1])));
                case "timevalue" -> timeValue(fields[0]);
                case "slm" -> slm(fields);
                default -> throw new IllegalArgumentException(arguments[0]);
            });
        }
        out.flush();
        System.exit(0);
    }
}
