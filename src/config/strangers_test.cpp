// Real values files hold hundreds of keys beside ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace holdfast::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Loaded look(std::string_view yaml) { return examine(yaml, "values.yaml", Environment()); }
std::vector<std::string> paths_of(const std::vector<Problem>& problems) {
  std::vector<std::string> paths;
  for (const Problem& problem : problems) paths.push_back(problem.path);
  return paths;
}

// Of the shape of an installation's file: the stack, its stores and, in between, what is ours.
constexpr std::string_view kInstallation = R"(
# Values of a production cluster
commonLabels: &labels
  team: observability
  cost-center: "4711"
global:
  imageRegistry: registry.example.com
  imagePullSecrets: [pull-secret]
  storageClass: fast
  commonLabels: *labels
  receiverApiKey: "{{ .Values.somewhere.else }}"
  wait: {image: {registry: quay.io, tag: 1.0.11}}
  features: {experimentalStackpacks: false}
stackstate:
  license: {key: AAAA-BBBB-CCCC}
  baseUrl: https://stackstate.example.com
  admin: {authentication: {password: "$2a$10$abcdefghijklmnopqrstuv"}}
  components:
    all:
      image: {tag: 6.0.0}
      nodeSelector: {pool: stackstate}
      tolerations: [{key: dedicated, operator: Equal, value: stackstate, effect: NoSchedule}]
    api: {replicaCount: 2, resources: {limits: {cpu: 3000m, memory: 2Gi}}}
    backup: {resources: {limits: {memory: 4Gi}}, nodeSelector: {}}
    configurationBackup: {resources: {}}
    receiver:
      split: {enabled: true}
      extraEnv:
        open:
          CONFIG_FORCE_akka_http_host__connection__pool_max__open__requests: "1024"
  experimental: {server: {split: true}}
  stackpacks:
    installed:
      - {name: kubernetes-v2, configuration: {kubernetes_cluster_name: prod}}
anomaly-detection: {enabled: false, threadWorkers: 3}
elasticsearch:
  replicas: 3
  esJavaOpts: "-Xmx3g -Xms3g"
  volumeClaimTemplate: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 250Gi}}}
  backup: {enabled: this is not ours}
hbase:
  hdfs: {datanode: {persistence: {size: 250Gi}}}
kafka: {replicaCount: 3, persistence: {size: 100Gi}}
zookeeper: {replicaCount: 3}
kafkaup-operator: {}
pull-secret: {credentials: [{registry: quay.io, username: u, password: p}]}
opentelemetry-collector:
  config:
    receivers: {otlp: {protocols: {grpc: {}, http: ~}}}
victoria-metrics-0:
  server:
    resources: {limits: {memory: 9Gi}}
    persistentVolume: {size: 250Gi}
    retentionPeriod: 1
    extraArgs: {"envflag.enable": "true", "maxLabelsPerTimeseries": 60}
  rbac: {create: false}
  backup:
    enabled: true
    bucketName: acme-metrics
    awsSecrets: "{{ include \"stackstate.minio.secret\" . }}"
    overrideS3Endpoint: http://stackstate-minio:9000
    setupCron: {image: {repository: busybox, tag: latest}, resources: {requests: {cpu: 20m}}}
    vmbackup: {image: {registry: quay.io}, resources: {limits: {memory: 512Mi}}}
  restore: {enabled: true}
victoria-metrics-1:
  enabled: false
  server: {persistentVolume: {size: 250Gi}}
victoria-metrics:
  restore:
    image: {registry: quay.io, repository: stackstate/vmrestore, tag: v1.93}
    securityContext: {enabled: true, fsGroup: 65534}
clickhouse:
  replicaCount: 3
  shards: 1
  auth: {username: admin, password: admin}
  persistence: {size: 50Gi}
  zookeeper: {enabled: false}
  extraOverrides: |
    <clickhouse>
      <backup>true</backup>
    </clickhouse>
  backup:
    enabled: true
    bucketName: acme-clickhouse
    config: {keep_remote: 100, tables: "otel.*"}
    resources: {limit: {cpu: 100m, memory: 250Mi}, requests: {cpu: 50m}}
    image: {tag: 2.5.20}
    s3: {endpoint: stackstate-minio:9000, secretName: stackstate-minio}
    nodeSelector: {}
    affinity: {}
    tolerations: []
    podAnnotations: {"ad.stackstate.com/backup.check_names": '["openmetrics"]'}
    podLabels: {}
minio:
  fullnameOverride: stackstate-minio
  accessKey: gatewaykey
  secretKey: gatewaysecret1
  image: {registry: quay.io, tag: 2021.2.19}
  mcImage: {tag: RELEASE.2021-02-14}
  replicas: 1
  mountPath: /export
  existingSecret: ""
  tls: {enabled: false, certSecret: ""}
  persistence: {enabled: true, size: 800Gi, storageClass: fast, accessMode: ReadWriteOnce, existingClaim: "", subPath: "", VolumeName: ""}
  resources: {requests: {memory: 4Gi}}
  nodeSelector: {}
  serviceAccount: {create: true, name: minio, annotations: {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}}
  environment: {MINIO_BROWSER: "off"}
  s3gateway: {enabled: false, replicas: 4, serviceEndpoint: "", accessKey: "", secretKey: ""}
  azuregateway: {enabled: false, replicas: 4}
  gcsgateway: {enabled: false, gcsKeyJson: ""}
  nasgateway: {enabled: false, pv: ~}
  ossgateway: {enabled: false}
  b2gateway: {enabled: false}
s3proxy:
  resources: {limits: {memory: 1Gi}}
  image: {tag: 3.1.0}
  serviceAccount: {create: true, name: s3proxy, annotations: {}}
backup:
  enabled: true
  additionalLogging: "<logger name=\"com.stackvista\" level=\"DEBUG\"/>"
  initJobAnnotations: {a: b}
  poddisruptionbudget: {maxUnavailable: 0}
  configuration:
    bucketName: acme-configuration
    maxLocalFiles: 5
    scheduled: {enabled: true, pvc: {size: 1Gi, accessModes: [ReadWriteOnce], storageClass: ~}}
    yaml: {maxSizeLimit: 50Mi}
    securityContext: {enabled: true, fsGroup: 65534}
  stackGraph:
    bucketName: acme-stackgraph
    splitArchiveSize: 100M
    restore: {enabled: true, tempData: {size: "{{ .Values.hbase.hdfs.datanode.persistence.size }}", accessModes: [ReadWriteOnce]}}
    scheduled:
      backupRetentionTimeDelta: days = 14
      tempData: {size: ~, storageClass: fast}
    v2: {tempData: {size: 20Gi}}
    securityContext: {enabled: false}
  elasticsearch:
    bucketName: acme-elasticsearch
    restore: {enabled: true, scaleDownLabels: {"observability.suse.com/scalable-during-es-restore": "true"}}
    scheduled: {snapshotRetentionMinCount: '5', snapshotRetentionMaxCount: '30', indices: "sts*\",\"other*"}
    securityContext: {enabled: true}
  storage: {settingsPvc: {size: 2Gi}, migration: {enabled: true}}
scc: {enabled: false}
ingress:
  enabled: true
  annotations: {nginx.ingress.kubernetes.io/proxy-body-size: 100m}
  hosts: [{host: stackstate.example.com}]
deployment: {compatibleWithArgoCD: false}
cluster-role: {enabled: true}
)";

TEST(Strangers, AnInstallationsFileIsReadWithoutAWord) {
  const Loaded loaded = look(kInstallation);
  EXPECT_THAT(paths_of(loaded.problems), IsEmpty());
  EXPECT_THAT(paths_of(loaded.warnings), IsEmpty());
  const Values& values = loaded.values;
  EXPECT_TRUE(values.victoria_metrics[0].enabled);
  EXPECT_TRUE(values.victoria_metrics[0].restore_enabled);
  EXPECT_FALSE(values.victoria_metrics[1].instance_enabled);
  EXPECT_EQ(values.clickhouse.keep_remote, 100u);
  EXPECT_TRUE(values.minio.persistence_enabled);
  EXPECT_EQ(values.stackgraph.split_archive_bytes, 100u << 20);
  EXPECT_EQ(values.configuration.max_local_files, 5u);
  EXPECT_EQ(values.configuration.max_yaml_bytes, 50u << 20);
  EXPECT_THAT(values.elasticsearch.indices, ElementsAre("sts*", "other*"));
  EXPECT_TRUE(values.elasticsearch.enabled) << "elasticsearch.backup belongs to another chart";
}

TEST(Strangers, AlmostOursIsAWarning) {
  const std::pair<const char*, const char*> cases[] = {
      {"bakcup: {enabled: true}", "backup"},
      {"Backup: {enabled: true}", "backup"},
      {"victoria-metrics-2: {backup: {enabled: true}}", "victoria-metrics-0"},
      {"victoriametrics-0: {}", "victoria-metrics-0"},
      {"click-house: {}", "clickhouse"},
      {"holdfst: {}", "holdfast"},
      {"minio: {accesKey: abcdef}", "minio.accessKey"},
      {"minio: {s3Gateway: {enabled: true}}", "minio.s3gateway"},
      {"minio: {azuregateway: {enable: true}}", "minio.azuregateway.enabled"},
      {"minio: {persistence: {enabld: true}}", "minio.persistence.enabled"},
      {"global: {backups: {enabled: true}}", "global.backup"},
      {"clickhouse: {bakup: {enabled: true}}", "clickhouse.backup"},
      {"victoria-metrics-0: {restor: {enabled: true}}", "victoria-metrics-0.restore"},
      {"s3proxy: {credential: {}}", "s3proxy.credentials"},
  };
  for (const auto& [yaml, near] : cases) {
    const Loaded loaded = look(yaml);
    EXPECT_THAT(loaded.problems, IsEmpty()) << yaml;
    ASSERT_FALSE(loaded.warnings.empty()) << yaml;
    EXPECT_EQ(loaded.warnings[0].nearest, near) << yaml;
    EXPECT_EQ(loaded.warnings[0].line, 1) << yaml;
  }
}

TEST(Strangers, ADottedNameAtTheTopIsAWarning) {
  const Loaded loaded = look("backup.enabled: true\n");
  EXPECT_THAT(loaded.problems, IsEmpty());
  ASSERT_FALSE(loaded.warnings.empty());
  EXPECT_EQ(loaded.warnings[0].path, "backup.enabled");
  EXPECT_THAT(loaded.warnings[0].why, HasSubstr("dots"));
  EXPECT_FALSE(loaded.values.backup.enabled);
}

TEST(Strangers, FarNamesAreLeftAlone) {
  for (const char* yaml :
       {"velero: {}", "minio: {service: {}}", "minio: {persistence: {annotations: {}}}",
        "clickhouse: {metrics: {enabled: true}}", "victoria-metrics-0: {server: {backup: 1}}",
        "global: {suseObservability: {}}", "restore: {}", "schedule: 5", "x: [1, [2, {3: 4}]]",
        "? [complex, key]\n: value\n"}) {
    for (const Problem& warning : look(yaml).warnings) {
      EXPECT_THAT(warning.path, testing::StartsWith("minio.")) << yaml;
      EXPECT_EQ(warning.nearest, "") << yaml;
    }
    EXPECT_THAT(look(yaml).problems, IsEmpty()) << yaml;
  }
}

TEST(Strangers, TheChartsOwnKeysInsideOursMayHoldAnything) {
  for (const char* yaml :
       {"backup: {stackGraph: {securityContext: 5}}", "backup: {stackGraph: {v2: [1, 2]}}",
        "backup: {additionalLogging: {a: {b: c}}}", "clickhouse: {backup: {s3: text}}",
        "victoria-metrics-1: {backup: {vmbackup: ~}}",
        "backup: {storage: {backend: {pvc: {accessModes: [ReadWriteOnce, ReadWriteMany]}}}}"}) {
    EXPECT_THAT(paths_of(look(yaml).problems), IsEmpty()) << yaml;
  }
}

TEST(Strangers, WarningsAreCappedInNumber) {
  std::string yaml;
  for (int i = 0; i < 500; ++i) yaml += "backup" + std::to_string(i % 90 + 10) + ": 1\n";
  EXPECT_LE(look(yaml).warnings.size(), 110u);
}

}  // namespace
}  // namespace holdfast::config
