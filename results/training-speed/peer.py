"""Images a second of a training step in PyTorch, as `nas bench training` counts them.

usage: peer.py NET THREADS     (NET as `nas` names it; 10 classes, batch 64, 64 px, channels_last)

A step is zero grad, forward, loss, backward, SGD with Nesterov momentum; the median of 8 after 3.
Prints images a second and the peak memory in MB.
"""
import resource, statistics, sys, time
import timm, torch, torchvision.models as tv
from timm.models.efficientnet import _gen_mobilenet_v1

net, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
model = {
    "mobilenet_v1@width=0.5": lambda: _gen_mobilenet_v1("mobilenetv1_100", 0.5, num_classes=10),
    "mobilenet_v2": lambda: tv.mobilenet_v2(num_classes=10),
    "mobilenet_v3_small": lambda: tv.mobilenet_v3_small(num_classes=10),
    "shufflenet_v2_torchvision": lambda: tv.shufflenet_v2_x1_0(num_classes=10),
}[net]().to(memory_format=torch.channels_last).train()
x = torch.randn(64, 3, 64, 64).to(memory_format=torch.channels_last)
y = torch.randint(0, 10, (64,))
sgd = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
loss_of = torch.nn.CrossEntropyLoss()
seconds = []
for _ in range(11):
    start = time.perf_counter()
    sgd.zero_grad()
    loss_of(model(x), y).backward()
    sgd.step()
    seconds.append(time.perf_counter() - start)
print("%.1f" % (64 / statistics.median(seconds[3:])), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
