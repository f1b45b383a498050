"""python ray_nodes.py BLOBS QUERIES FILE...: sweep archived days on two Ray nodes of this machine.

Prints the number of nodes and the ids that were found. A process of its own: Daft has one runner for each.
"""

import os
import sys
from pathlib import Path

os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "true",
    "DAFT_ANALYTICS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_DEDUP_LOGS": "0",
}

import numpy as np
import ray
from ray.cluster_utils import Cluster

from takeback.infra.blobs import Blobs
from takeback.sightings.archive import engine

STORE = 80 * 1024 * 1024


def main() -> None:
    where, queries, *files = sys.argv[1:]
    node = {"num_cpus": 1, "object_store_memory": STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    try:
        cluster.add_node(num_cpus=1, object_store_memory=STORE)
        cluster.wait_for_nodes()
        ray.init(cluster.address, log_to_driver=False, logging_level="error")
        nodes = sum(each["Alive"] for each in ray.nodes())
        asked = np.frombuffer(Path(queries).read_bytes(), np.uint8).reshape(-1, 32)
        found = engine(ray=cluster.address).near(Blobs(where), files, asked, 31, cluster.address)
        sys.stdout.write(" ".join(map(str, (nodes, *found))) + "\n")
    finally:
        ray.shutdown()
        cluster.shutdown()


if __name__ == "__main__":
    main()
