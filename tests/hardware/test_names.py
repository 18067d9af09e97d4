"""Names of models and chips as benchmark logs and people write them."""

import pytest

from capexpand.errors import CaseError
from capexpand.hardware.chips import chip_named, chip_register, model_named, model_register


@pytest.mark.parametrize(
    ("written", "chip"),
    [
        ("NVIDIA H100-SXM-80GB", "H100"),
        ("SR675_V3_8xH100_NVL_TRT", "H100 NVL"),
        ("DGX-H100_H100-SXM-80GBx8_TRT", "H100"),
        ("CDI_L40Sx8_TRT", "L40S"),
        ("8xMI300X_2xEPYC-9374F", "MI300X"),
        ("GH200-GraceHopper-Superchip_GH200-144GB_aarch64x1_TRT", "GH200"),
        ("AMD Instinct MI325X 256GB HBM3e", "MI325X"),
        ("Ascend 910C (CloudMatrix384)", "Ascend 910C"),
        ("H20-96G", "H20"),
        ("NVIDIA H200-NVL-141GB", "H200 NVL"),
        ("B200 (DGX B200)", "B200"),
        ("GB200 NVL72", "GB200"),
        ("nvidia rtx pro 6000 blackwell server edition", "RTX PRO 6000 Server"),
    ],
)
def test_chips_are_found_in_system_names(written, chip):
    assert chip_register().find(written) == chip


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("llama2-70b-99", "Llama 2 70B"),
        ("Llama-3.3-70B", "Llama 3.1 70B"),
        ("DeepSeek-R1-0528", "DeepSeek V3"),
        ("deepseek-v3/r1", "DeepSeek V3"),
        ("GPT-OSS-120B", "gpt-oss 120B"),
        ("Qwen3-30B-A3B", "Qwen3 30B-A3B"),
        ("DeepSeek-R1-Distill-Llama-70B", "Llama 3.1 70B"),
    ],
)
def test_models_are_found_by_their_many_names(written, model):
    assert model_register().find(written) == model


def test_an_h20_is_not_an_h200():
    assert chip_named("H20").memory_gb == 96
    assert chip_named("H200").memory_gb == 141


def test_an_unknown_distilled_model_is_not_taken_for_its_teacher():
    assert model_register().find("DeepSeek-R1-Distill-Unknown-14B") is None


@pytest.mark.parametrize(
    ("look_up", "written", "meant"),
    [(model_named, "lama 3.1 8b", "Llama 3.1 8B"), (chip_named, "H1OO", "H100")],
)
def test_an_unknown_name_gets_a_suggestion(look_up, written, meant):
    with pytest.raises(CaseError, match=f"did you mean .*{meant}"):
        look_up(written)


@pytest.mark.parametrize(
    ("look_up", "written", "name"),
    [
        (chip_named, "NVIDIA A100-SXM4-40GB", "A100 40GB"),
        (chip_named, "A100 PCIe 40GB", "A100 PCIe 40GB"),
        (chip_named, "H100 PCIe", "H100 PCIe"),
        (chip_named, "NVIDIA H100 80GB HBM3", "H100"),
        (model_named, "kimi-k2-thinking", "Kimi K2 Thinking"),
        (model_named, "mistral-7b-v0.3", "Mistral 7B"),
        (model_named, "Qwen/Qwen3-32B-FP8", "Qwen3 32B"),
    ],
)
def test_another_form_of_a_thing_is_that_form(look_up, written, name):
    assert look_up(written).name == name


@pytest.mark.parametrize(
    ("look_up", "written", "meant"),
    [
        (chip_named, "H200 PCIe", "H200 NVL"),
        (chip_named, "B200 NVL", "B200"),
        (chip_named, "H100 64GB", "H100"),
        (model_named, "GLM-4.5V", "GLM 4.5"),
        (model_named, "Llama 3.1 9B", "Llama 3.1 8B"),
    ],
)
def test_a_name_that_says_more_than_is_known_asks_back(look_up, written, meant):
    with pytest.raises(CaseError, match="did you mean") as caught:
        look_up(written)
    assert meant in str(caught.value)


def test_a_system_with_another_form_of_a_chip_is_not_taken_for_the_chip():
    assert chip_register().find("8x H200-PCIe server") is None
    assert chip_register().find("8x H200 server") == "H200"


def test_a_chip_whose_data_sheet_is_incomplete_says_what_is_not_known():
    with pytest.raises(CaseError, match=r"Kunlun P800.* without its memory bandwidth and links"):
        chip_named("kunlun p800")
    assert chip_named("Kunlun R200").memory_bandwidth_gb_per_s == 512.0
