"""Configuration that is wrong, in a file and with --set."""
from files import write
from harness import Case


def in_file(name, text, message, code=2):
    return Case(f"{name}, in a file", "config --config c.ini", code, f"steelyard: {message}\n",
                before=write("c.ini", text))


def with_set(name, setting, message, code=2):
    return Case(f"{name}, with --set", f"config --set {setting}", code, f"steelyard: {message}\n")


def asked(name, setting, message, code):
    return Case(name, f"quantize m.onnx --data calib --output out --set {setting}", code, f"steelyard: {message}\n")


FULL = "[full_quant_param]\n"
CASES = [
    Case("missing file", "config --config nothing.ini", 6, "steelyard: nothing.ini: No such file or directory\n"),
    Case("folder as file", "config --config calib", 6, "steelyard: calib: is a folder, a file was expected\n"),
    Case("photograph as file", "config --config calib/000.png", 2,
         "steelyard: calib/000.png: holds zero bytes: this is no text file\n"),
    in_file("unknown section", "[full_quant_params]\nper_channel=true\n",
            "c.ini:1: [full_quant_params]: no such section; did you mean [full_quant_param]?"),
    in_file("unknown key", FULL + "per_chanel = true\n",
            "c.ini:2: [full_quant_param] has no key per_chanel; did you mean per_channel?"),
    in_file("key of another section", FULL + "bit_num = 8\n",
            "c.ini:2: [full_quant_param] has no key bit_num: it belongs to [common_quant_param]"),
    in_file("key before any section", "bit_num = 8\n", "c.ini:1: bit_num comes before any [section]"),
    in_file("line that is no setting", FULL + "per_channel\n",
            "c.ini:2: 'per_channel' is neither [section] nor key = value"),
    in_file("bad switch", FULL + "per_channel = maybe\n",
            "c.ini:2: [full_quant_param] per_channel = maybe: must be true or false"),
    in_file("misspelt word", FULL + "\nactivation_quant_method = PERCENTIL\n",
            "c.ini:3: [full_quant_param] activation_quant_method = PERCENTIL: must be one of MAX_MIN, KL, "
            "REMOVAL_OUTLIER, PERCENTILE, MSE, AUTO; did you mean PERCENTILE?"),
    in_file("number out of range", FULL + "percentile = 1.5\n",
            "c.ini:2: [full_quant_param] percentile = 1.5: must be a number above 0.5 and below 1; fractions such "
            "as 1/127.5 are fine"),
    in_file("number that is none", FULL + "percentile = most\n",
            "c.ini:2: [full_quant_param] percentile = most: must be a number above 0.5 and below 1; fractions such "
            "as 1/127.5 are fine"),
    in_file("four bits at run time", "[common_quant_param]\nquant_type = DYNAMIC_QUANT\nbit_num = 4\n",
            "c.ini:3: [common_quant_param] bit_num = 4: dynamic quantization has 8 bits, WEIGHT_QUANT has 1 to 16"),
    in_file("four bits", "[common_quant_param]\nbit_num = 4\n",
            "c.ini:2: [common_quant_param] bit_num = 4: full quantization has 8 bits, WEIGHT_QUANT has 1 to 16"),
    in_file("target of a later version", FULL + "target_device = KIRIN\n",
            "c.ini:2: [full_quant_param] target_device = KIRIN: not supported yet by this version: target_device can "
            "be GENERIC, NVGPU, DSP, ASCEND", 4),
    with_set("unknown section", "full_quant_params.per_channel=true",
             "--set full_quant_params.per_channel=true: [full_quant_params]: no such section; did you mean "
             "[full_quant_param]?"),
    with_set("unknown key", "full_quant_param.per_chanel=true",
             "--set full_quant_param.per_chanel=true: [full_quant_param] has no key per_chanel; did you mean "
             "per_channel?"),
    with_set("key of another section", "full_quant_param.bit_num=8",
             "--set full_quant_param.bit_num=8: [full_quant_param] has no key bit_num: it belongs to "
             "[common_quant_param]"),
    with_set("no section", "bit_num=8",
             "--set bit_num=8: must be section.key=value; bit_num belongs to [common_quant_param]"),
    with_set("no value", "full_quant_param.per_channel",
             "--set full_quant_param.per_channel: must be section.key=value"),
    with_set("empty value", "full_quant_param.per_channel=", "--set full_quant_param.per_channel=: has no value"),
    with_set("misspelt word", "full_quant_param.activation_quant_method=MIN_MAX",
             "--set full_quant_param.activation_quant_method=MIN_MAX: must be one of MAX_MIN, KL, REMOVAL_OUTLIER, "
             "PERCENTILE, MSE, AUTO"),
    with_set("number out of range", "data_preprocess_param.calibrate_size=0",
             "--set data_preprocess_param.calibrate_size=0: must be a whole number from 1 to 65535"),
    with_set("four bits", "common_quant_param.bit_num=4",
             "--set common_quant_param.bit_num = 4: full quantization has 8 bits, WEIGHT_QUANT has 1 to 16"),
    with_set("target of a later version", "full_quant_param.target_device=KIRIN",
             "--set full_quant_param.target_device=KIRIN: not supported yet by this version: target_device can be "
             "GENERIC, NVGPU, DSP, ASCEND", 4),
    asked("unknown method", "full_quant_param.activation_quant_method=FANCY",
          "--set full_quant_param.activation_quant_method=FANCY: must be one of MAX_MIN, KL, REMOVAL_OUTLIER, "
          "PERCENTILE, MSE, AUTO", 2),
    asked("16 bits for a target without", "full_quant_param.activation_bit_num=16",
          "GENERIC: this target has no 16-bit activations: leave activation_bit_num = 16 out, or ask for a target "
          "that has them", 4),
    asked("16 bits for a node that is not there", "full_quant_param.activation_16bit_node=dens",
          "activation_16bit_node names 'dens', which is no node of the model: did you mean 'dense'?", 2),
    asked("node to skip that is not there", "common_quant_param.skip_quant_node=dens",
          "skip_quant_node names 'dens', which is no node of the model: did you mean 'dense'?", 2),
]
