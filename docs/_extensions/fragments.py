# SPDX-License-Identifier: BSD-3-Clause
"""Parts of pages that are made of other files of the repository at every build.

Written to ``docs/generated/*.inc``, from where the pages include them. This is the list
of them; ``rst_tables`` makes tables of files as they are, ``measured`` and ``compared``
those that have to be rearranged.
"""

from pathlib import Path

from compared import answers_to_rst, overall_to_rst, standing_to_rst, winners_to_rst
from measured import (
    best_by_to_rst,
    closure_to_rst,
    coverage_to_rst,
    grouping_to_rst,
    passes_to_rst,
    reflexivity_to_rst,
    results_to_rst,
    soft_to_rst,
)
from rst_tables import (
    columns_to_rst,
    markdown_table_to_rst,
    markdown_to_rst,
    section_to_rst,
    sections_to_rst,
    table_to_rst,
)
from scaled import billion_to_rst, clusters_to_rst

ROOT = Path(__file__).parents[2]
PEERS = {
    "same_objective.inc": "Seconds to the same value of the same objective",
    "itml.inc": "ITML as it comes, on all training pairs",
}
OF_PEERS = (
    "Test ROC-AUC, settings chosen on dev",
    "Test average precision, the same settings",
    "Seconds of one fit at the chosen setting",
)
OUTER = {
    "Form": "form",
    "d": "n_features",
    "Columns": "n_columns",
    "MB of columns": "columns_mb",
    "Solver of the explicit fit": "solver",
    "Seconds, form": "seconds",
    "Seconds, explicit": "explicit_seconds",
    "Ratio": "ratio",
    "Objective, form": "objective",
    "Objective, explicit": "explicit_objective",
}
NETWORKS = {
    "Data": "data",
    "AUC cosine": "cosine_auc",
    "AUC": "default_auc",
    "Log-loss cosine": "cosine_loss",
    "Log-loss": "default_loss",
    "Epochs": "epochs",
    "Seconds": "seconds",
}
TUNED = {
    "Data": "data",
    "AUC": "tuned_auc",
    "worst seed": "worst_member_auc",
    "best seed": "best_member_auc",
    "AUC averaged": "averaged_auc",
    "Whiten": "whiten",
    "Closed": "closed",
    "Alpha": "alpha",
    "Epochs": "epochs",
}
STORED = {
    "Model": "model",
    "Precision": "dtype",
    "File": "file",
    "KB": "kilobytes",
    "write_ms": "write_ms",
    "read_ms": "read_ms",
}
GRAMS = {
    "Kernel": "kernel",
    "Method": "method",
    "Pairs": "n_pairs",
    "Items": "n_items",
    "Seconds": "seconds",
    "MB": "peak_mb",
    "Test AUC": "test_auc",
    "Setting": "setting",
}
TORCH = {
    "Pooling": "pooling",
    "Mirrored": "cross_weights",
    "Pairs": "n_pairs",
    "Seconds of an epoch": "seconds",
    "PyTorch": "torch_seconds",
    "Ratio": "speed",
    "Greatest difference of losses": "greatest_gap_of_losses",
}
FOUND_BY_GRAPHS = {
    "Share of the ten nearest that is found": "model",
    "Negative eigenvalues": "n_negative",
    "``to_l2``": "recall_to_l2",
    "``to_inner_product``": "recall_to_inner_product",
    "``to_cosine``": "recall_to_cosine",
}
BOTH_ORDERS = {
    "Data": "data",
    "Classifier": "estimator",
    "mean_change": "mean_change",
    "decisions_changed": "decisions_changed",
    "AUC cosine": "auc_cosine",
    "one order": "auc_one_order",
    "both orders": "auc_both_orders",
    "features": "auc_features",
}
CANDIDATES = {
    "Data": "data",
    "AUC cosine": "cosine_auc",
    "AUC": "test_auc",
    "AP": "test_ap",
    "Members": "members",
    "Seconds": "processor_seconds",
}

# Sections of the page of architectures: these beside cosine.
ARCHITECTURES = {
    "answer_kernels.inc": ("quadratic", "poly", "kernels"),
    "answer_towers.inc": ("network, distance", "network, distance, mirrored"),
    "answer_sets.inc": (
        "network, product",
        "network, sum",
        "network, mean_max",
        "network, attention",
    ),
}


def write_fragments(app):
    """Write all fragments; leave alone those that have not changed."""
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    results = ROOT / "benchmarks" / "results"
    for name, text in {
        "changelog.inc": markdown_to_rst(changelog),
        "results.inc": results_to_rst(results / "quality.csv"),
        "engine.inc": table_to_rst(results / "engine.csv"),
        "scoring.inc": table_to_rst(results / "scoring.csv"),
        "leakage.inc": table_to_rst(results / "leakage.csv"),
        "coverage.inc": coverage_to_rst(results / "coverage.csv"),
        "one_call.inc": markdown_table_to_rst(results / "search.md"),
        "candidates.inc": columns_to_rst(results / "search_candidates.csv", CANDIDATES),
        "closure.inc": closure_to_rst(results / "closure.csv"),
        "contradictions.inc": table_to_rst(results / "contradictions.csv"),
        "grouping.inc": grouping_to_rst(results / "grouping.csv"),
        "soft_transitivity.inc": soft_to_rst(results / "soft_transitivity.csv"),
        "reflexivity.inc": reflexivity_to_rst(results / "reflexivity.csv"),
        "shuffled.inc": table_to_rst(results / "shuffled.csv"),
        "outer_product.inc": columns_to_rst(results / "outer_product.csv", OUTER),
        "both_orders.inc": columns_to_rst(results / "both_orders.csv", BOTH_ORDERS),
        "architectures.inc": winners_to_rst(results / "architectures.csv"),
        "architectures_overall.inc": overall_to_rst(results / "architectures.csv"),
        "standing.inc": standing_to_rst(results / "architectures.csv"),
        **{
            name: answers_to_rst(results / "architectures.csv", shown)
            for name, shown in ARCHITECTURES.items()
        },
        "networks.inc": columns_to_rst(results / "mlp_quality.csv", NETWORKS),
        "networks_tuned.inc": columns_to_rst(results / "mlp_tuned.csv", TUNED),
        "networks_torch.inc": columns_to_rst(results / "mlp_torch.csv", TORCH),
        "grams.inc": columns_to_rst(results / "kernels.csv", GRAMS),
        "graphs.inc": columns_to_rst(results / "index_graphs.csv", FOUND_BY_GRAPHS),
        "whitening.inc": best_by_to_rst(results, "whiten"),
        "priors.inc": best_by_to_rst(results, "prior"),
        "scaling_out.inc": clusters_to_rst(results / "distributed.csv"),
        "billion.inc": billion_to_rst(results / "distributed.csv"),
        "persistence.inc": columns_to_rst(results / "persistence.csv", STORED),
        "solver.inc": passes_to_rst(results / "solver.csv"),
        "peers.inc": sections_to_rst(results / "peers.md", OF_PEERS, "Method"),
        **{
            name: section_to_rst(results / "peers.md", heading)
            for name, heading in PEERS.items()
        },
    }.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app):
    """Write the fragments before anything is read."""
    app.connect("builder-inited", write_fragments, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
