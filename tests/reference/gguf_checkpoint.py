"""A checkpoint of a causal family as llama.cpp's convert_hf_to_gguf.py lays it out, with the gguf package's names."""

import gguf
import torch


def permuted(tensor, heads):
    """llama.cpp's order of a head's rows: the converter's `LlamaModel.permute`."""
    pairs = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return pairs.swapaxes(1, 2).reshape(tensor.shape)


def write_gguf(model, path):
    """Writes `model` to `path`, all of it as F32. There is no tokenizer: tokens are called t0, t1 and so on."""
    config = model.config
    kind = config.model_type
    architectures = {name: key for key, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(architectures[kind], config.num_hidden_layers)
    out = gguf.GGUFWriter(path, kind)
    out.add_block_count(config.num_hidden_layers)
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_head_count(config.num_attention_heads)
    out.add_token_list([f"t{index}" for index in range(config.vocab_size)])
    if kind == "gpt2":
        out.add_feed_forward_length(4 * config.hidden_size)
        out.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        head_width = model.model.layers[0].self_attn.head_dim
        out.add_feed_forward_length(config.intermediate_size)
        out.add_layer_norm_rms_eps(config.rms_norm_eps)
        out.add_head_count_kv(config.num_key_value_heads)
        out.add_rope_freq_base(config.rope_parameters["rope_theta"])
        if kind == "llama":
            out.add_rope_dimension_count(head_width)
        if kind == "qwen3":
            out.add_key_length(head_width)
            out.add_value_length(head_width)
        if config.rope_parameters["rope_type"] == "llama3":
            plain = config.rope_parameters["rope_theta"] ** -(torch.arange(0, head_width, 2).float() / head_width)
            out.add_tensor("rope_freqs.weight", (plain / model.model.rotary_emb.inv_freq).numpy())
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        if kind == "llama" and ".q_proj." in name:
            tensor = permuted(tensor, config.num_attention_heads)
        if kind == "llama" and ".k_proj." in name:
            tensor = permuted(tensor, config.num_key_value_heads)
        if kind == "gpt2" and name.endswith(("c_attn.weight", "c_fc.weight", "c_proj.weight")):
            tensor = tensor.T
        short = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if short is None:
            raise SystemExit(f"{name} has no name in GGUF files of {kind}")
        out.add_tensor(short, tensor.contiguous().numpy())
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
