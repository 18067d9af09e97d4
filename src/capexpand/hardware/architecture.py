"""From a model's published configuration to the counts that serving needs."""

from __future__ import annotations

from dataclasses import dataclass

from capexpand.hardware.specs import ModelSpec


@dataclass(frozen=True, slots=True)
class Architecture:
    """A transformer's configuration as its authors publish it.

    Args:
        name: the model's name.
        layers: transformer layers.
        hidden_size: width of the residual stream.
        attention_heads: query heads.
        key_value_heads: key and value heads.
        head_size: width of a head.
        latent_size: width of the compressed cache entry with latent attention; 0 without.
        rope_size: width of the position key beside it; 0 without latent attention.
        query_latent_size: width of the compressed query; 0 without latent attention.
        dense_layers: layers whose feed-forward part is dense.
        feed_forward_size: inner width of the dense feed-forward part.
        experts_total: routed experts in a layer; 0 for a dense model.
        experts_active: routed experts that a token uses.
        shared_experts: experts that every token uses.
        expert_feed_forward_size: inner width of an expert.
        vocabulary: tokens in the vocabulary.
        window_tokens: width of the sliding window; 0 without one.
        windowed_share: share of the layers that see only the window.
        tied_embeddings: whether input embedding and output head share weights.
        linear_share: share of the layers with linear attention (Gated DeltaNet, Mamba, lightning attention).
        linear_heads: heads of a linear layer's state.
        linear_key_size: width of a head's key in a linear layer.
        linear_value_size: width of a head's value in a linear layer.
        index_heads: heads of the index of sparse attention; 0 without.
        index_size: width of the index's keys.
        selected_tokens: cached tokens that sparse attention reads for each token.
        output_latent_size: width of each group of a compressed output projection; 0 without. Keys and values
            are then one and the same.
        output_groups: groups of that projection.
        compressed_share: share of the layers whose cache joins ``compression`` tokens in one entry, of which
            the index chooses.
        compression: tokens of an entry there.
        heavy_share: share of the layers that attend to all entries of ``heavy_compression`` tokens.
        heavy_compression: tokens of an entry there.
    """

    name: str
    layers: int
    hidden_size: int
    attention_heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    feed_forward_size: int
    latent_size: int = 0
    rope_size: int = 0
    query_latent_size: int = 0
    dense_layers: int = 0
    experts_total: int = 0
    experts_active: int = 0
    shared_experts: int = 0
    expert_feed_forward_size: int = 0
    window_tokens: int = 0
    windowed_share: float = 0.0
    tied_embeddings: bool = False
    linear_share: float = 0.0
    linear_heads: int = 0
    linear_key_size: int = 0
    linear_value_size: int = 0
    index_heads: int = 0
    index_size: int = 0
    selected_tokens: int = 0
    output_latent_size: int = 0
    output_groups: int = 0
    compressed_share: float = 0.0
    compression: int = 0
    heavy_share: float = 0.0
    heavy_compression: int = 0

    @property
    def attention_weights(self) -> int:
        """Count a layer's attention weights: query, key, value and output projections.

        Latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1) compresses queries to
        ``query_latent_size`` and keys and values together to ``latent_size``. DeepSeek-V4 compresses queries
        and, in groups of heads, the output; keys and values of its single head are the same.
        """
        if self.output_latent_size:
            wide = self.attention_heads * self.head_size
            query = self.query_latent_size * (self.hidden_size + wide)
            output = self.output_latent_size * (wide + self.output_groups * self.hidden_size)
            return query + self.hidden_size * self.key_value_heads * self.head_size + output
        if not self.latent_size:
            return self.hidden_size * self.head_size * 2 * (self.attention_heads + self.key_value_heads)
        query = self.query_latent_size * (
            self.hidden_size + self.attention_heads * (self.head_size + self.rope_size)
        )
        cache = self.hidden_size * (self.latent_size + self.rope_size)
        expand = self.latent_size * self.attention_heads * 2 * self.head_size
        return query + cache + expand + self.attention_heads * self.head_size * self.hidden_size

    @property
    def cache_elements_per_layer(self) -> int:
        """Count the elements that one token leaves in one layer's cache."""
        if self.latent_size:
            return self.latent_size + self.rope_size
        if self.output_latent_size:
            return self.key_value_heads * self.head_size
        return 2 * self.key_value_heads * self.head_size

    @property
    def linear_state(self) -> int:
        """Count the elements of one linear layer's state: a key by value matrix for each head."""
        return self.linear_heads * self.linear_key_size * self.linear_value_size

    @property
    def linear_weights(self) -> int:
        """Count a linear layer's weights: keys and queries, values, gate and output.

        Queries and keys share heads in groups as wide as the keys; values, gate and output are as wide as
        all heads' values (Yang et al., Gated Delta Networks, arXiv 2412.06464).
        """
        wide = self.linear_heads * self.linear_value_size
        return self.hidden_size * (3 * wide + self.linear_heads * self.linear_key_size)

    @property
    def index_weights(self) -> int:
        """Count a layer's weights of sparse attention's index: queries from the latent, one key, gates."""
        source = self.query_latent_size or self.hidden_size
        return self.index_heads * self.index_size * source + self.hidden_size * (
            self.index_size + self.index_heads if self.index_heads else 0
        )

    @property
    def decode_flops_per_position(self) -> int:
        """Count a layer's operations per generated token and cached token.

        Two products of two operations each over all heads. With latent attention the absorbed form works on
        the compressed entry: the score needs latent and position part, the value the latent part.
        """
        if self.latent_size:
            return 2 * self.attention_heads * (2 * self.latent_size + self.rope_size)
        return 4 * self.attention_heads * self.head_size

    @property
    def prefill_flops_per_position(self) -> int:
        """Count a layer's operations per prompt token and token before it."""
        return 2 * self.attention_heads * (2 * self.head_size + self.rope_size)


def model_spec(architecture: Architecture) -> ModelSpec:
    """Count weights, cache elements and operations of a configuration.

    Feed-forward parts are gated: three matrices each. Routers count as dense.
    """
    a = architecture
    expert_layers = a.layers - a.dense_layers if a.experts_total else 0
    expert = 3 * a.hidden_size * a.expert_feed_forward_size
    head = a.hidden_size * a.vocabulary
    dense = (a.layers - expert_layers) * 3 * a.hidden_size * a.feed_forward_size + head
    dense += expert_layers * (a.shared_experts * expert + a.experts_total * a.hidden_size)
    linear = a.layers * a.linear_share
    windowed = a.layers * a.windowed_share
    full = a.layers - windowed - linear
    indexed = full + windowed if not a.compression else a.layers * a.compressed_share
    attention = (full + windowed) * a.attention_weights + indexed * a.index_weights
    attention += linear * a.linear_weights
    # layers with compressed entries hold, read and attend to a part of an entry for each token
    chosen = full + (a.layers * a.compressed_share / a.compression if a.compression else 0.0)
    dense_entries = a.layers * a.heavy_share / a.heavy_compression if a.heavy_compression else 0.0
    return ModelSpec(
        name=a.name,
        layers=float(a.layers),
        hidden_size=float(a.hidden_size),
        attention_parameters=float(attention),
        dense_parameters=float(dense),
        embedding_parameters=0.0 if a.tied_embeddings else float(head),
        routed_parameters=float(expert_layers * a.experts_total * expert),
        experts_total=float(max(a.experts_total, 1)),
        experts_active=float(max(a.experts_active, 1)),
        expert_layers=float(expert_layers),
        cache_elements=chosen * a.cache_elements_per_layer,
        windowed_cache_elements=windowed * a.cache_elements_per_layer,
        window_tokens=float(a.window_tokens),
        cache_shards=1.0 if a.latent_size else float(a.key_value_heads),
        decode_attention_flops=chosen * a.decode_flops_per_position,
        prefill_attention_flops=chosen * a.prefill_flops_per_position,
        windowed_attention_flops=windowed * a.decode_flops_per_position,
        state_elements=linear * a.linear_state,
        state_flops=linear * 6.0 * a.linear_state,
        selected_tokens=float(a.selected_tokens),
        index_elements=chosen * (a.index_size if a.index_heads else 0) / 2
        + dense_entries * a.cache_elements_per_layer,
        index_flops=chosen * 2.0 * a.index_heads * a.index_size / 2
        + dense_entries * a.decode_flops_per_position,
        head_size=float(a.head_size),
        query_group=max(a.attention_heads / a.key_value_heads, 1.0),
    )
