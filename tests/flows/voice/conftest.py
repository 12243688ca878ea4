import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for one another take minutes on a machine that is busy with other things."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
