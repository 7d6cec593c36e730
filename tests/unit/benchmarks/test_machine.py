from benchmarks.machine import cpu_model, this_machine

CPUINFO = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some(R) Processor   @ 2.50GHz\n\nprocessor\t: 1\n"


def test_the_model_of_the_first_cpu():
    assert cpu_model(CPUINFO) == "Some(R) Processor @ 2.50GHz"


def test_a_kernel_that_names_no_model():
    assert cpu_model("processor\t: 0\nBogoMIPS\t: 50.00\n") == ""


def test_this_machine_has_all_facts():
    machine = this_machine()
    assert machine.cpu
    assert machine.cores > 0
    assert machine.python.startswith("3.")
