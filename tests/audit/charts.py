"""Rendered output in the shapes of common charts: what `helm template` writes, for tests to read."""

from __future__ import annotations

__all__ = ["BITNAMI", "COMPOSE", "EXPECTED", "OPERATOR", "PLATFORM"]

# A chart of Bitnami's kind: comments of the source, quoted images, init containers, a ConfigMap with YAML in it.
BITNAMI = """\
---
# Source: web/templates/configmap.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: rel-web
data:
  values.yaml: |-
    image: never.corp/not/an:image
    containers:
      - image: never.corp/nor/this:1
---
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: rel-web
  labels: {app.kubernetes.io/name: web, helm.sh/chart: web-1.2.3}
spec:
  replicas: 2
  template:
    spec:
      imagePullSecrets:
        - name: pull
      initContainers:
        - name: wait
          image: {at}/bitnami/shell:11
      containers:
        - name: web
          image: "{at}/bitnami/web:2.1"  # pinned by the chart
          args: ["--image", "never.corp/argument:1"]
        - name: metrics
          image: '{at}/bitnami/exporter:0.9'
---
# Source: web/templates/tests/connection.yaml
apiVersion: v1
kind: Pod
metadata:
  name: "rel-web-test"
  annotations:
    "helm.sh/hook": test
spec:
  containers:
    - name: wget
      image: busybox
  restartPolicy: Never
"""

# A platform's objects: every way in which pods are nested, and lists of objects as kubectl writes them.
PLATFORM = """\
apiVersion: v1
kind: List
items:
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: nightly}
  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: job, image: "{at}/jobs/nightly:3"}]}}}}}
- apiVersion: v1
  kind: Pod
  metadata: {name: debugged}
  spec:
    containers: [{image: "{at}/team/app:1", name: app}]
    ephemeralContainers:
    - image: {at}/team/debug:1
      name: debugger
    volumes:
    - name: model
      image: {reference: "{at}/models/small:1", pullPolicy: IfNotPresent}
- apiVersion: v1
  kind: List
  items:
  - apiVersion: argoproj.io/v1alpha1
    kind: Rollout
    metadata: {name: canary}
    spec: {template: {spec: {containers: [{name: app, image: "{at}/team/canary:1"}]}}}
"""

# Custom resources, whose images stand in fields of their own.
OPERATOR = """\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata:
  name: main
spec:
  image: {at}/prometheus/prometheus:v2
  thanos:
    image: {at}/thanos/thanos:v0
---
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: db
spec:
  imageName: {at}/cnpg/postgresql:16
  bootstrapImage: {at}/cnpg/bootstrap:1
  description: an image of a ship
"""

COMPOSE = """\
x-base: &base
  image: {at}/team/base:1
services:
  web:
    image: {at}/team/web:${TAG:-1.0}
  again:
    <<: *base
  other:
    <<: *base
    image: {at}/team/other:$$1
  built:
    build: .
    image: never.corp/built:here
volumes:
  image: {}
"""

EXPECTED = {
    "bitnami": [
        ("{at}/bitnami/shell:11", 27, "Deployment rel-web, init container wait"),
        ("{at}/bitnami/web:2.1", 30, "Deployment rel-web, container web"),
        ("{at}/bitnami/exporter:0.9", 33, "Deployment rel-web, container metrics"),
        ("busybox", 45, "Pod rel-web-test, container wget"),
    ],
    "platform": [
        ("{at}/jobs/nightly:3", 7, "CronJob nightly, container job"),
        ("{at}/team/app:1", 12, "Pod debugged, container app"),
        ("{at}/team/debug:1", 14, "Pod debugged, ephemeral container debugger"),
        ("{at}/models/small:1", 18, "Pod debugged, volume model"),
        ("{at}/team/canary:1", 25, "Rollout canary, container app"),
    ],
    "operator": [
        ("{at}/prometheus/prometheus:v2", 6, "Prometheus main, spec.image"),
        ("{at}/thanos/thanos:v0", 8, "Prometheus main, spec.thanos.image"),
        ("{at}/cnpg/postgresql:16", 15, "Cluster db, spec.imageName"),
        ("{at}/cnpg/bootstrap:1", 16, "Cluster db, spec.bootstrapImage"),
    ],
    "compose": [
        ("{at}/team/base:1", 2, "service again"),
        ("{at}/team/web:1.0", 5, "service web"),
        ("{at}/team/other:$1", 10, "service other"),
    ],
}
