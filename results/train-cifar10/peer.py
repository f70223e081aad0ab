"""The recipe of `nas train` in PyTorch: MobileNetV2 at width 0.5, first stride 1, CIFAR-10.

usage: peer.py CIFAR_DIR SEED THREADS EPOCHS OUT.jsonl   (a second start goes on from OUT.jsonl.pt)

What is the same: 45,000 images to train on, batches of 64, SGD with Nesterov momentum 0.9, learning
rate 0.05 with one epoch of warm-up and a cosine, weight decay 5e-4 on weights alone, label smoothing
0.1, shift by up to 4 pixels and mirror images, an average of the weights with the same decay, and the
best epoch of that average on 5,000 held-out images, which is then seen on the 10,000 test images.
What differs: which 5,000 are held out, all that is random, and batch norm over 64 images instead of
32 (`nas` works in shards of 32).
"""
import copy, json, math, os, sys, time
import numpy as np, torch, torchvision

folder, seed, threads, epochs, out = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
torch.set_num_threads(threads)
torch.manual_seed(seed)

def read(names):
    raw = np.concatenate([np.fromfile(f"{folder}/{n}.bin", np.uint8).reshape(-1, 3073) for n in names])
    return torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(raw[:, 0].astype(np.int64))

mean = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
dev = torch.tensor([0.2470, 0.2435, 0.2616]).view(1, 3, 1, 1)
images, labels = read([f"data_batch_{i}" for i in range(1, 6)])
test = read(["test_batch"])
order = torch.randperm(len(images), generator=torch.Generator().manual_seed(1000 + seed))
held, kept = order[:5000], order[5000:]
held = images[held], labels[held]
images, labels = images[kept], labels[kept]

def batch(index):
    x = torch.nn.functional.pad(images[index], (4, 4, 4, 4))
    n = len(index)
    rows = torch.randint(0, 9, (n,))[:, None] + torch.arange(32)
    cols = torch.randint(0, 9, (n,))[:, None] + torch.arange(32)
    cols = torch.where((torch.rand(n) < 0.5)[:, None], cols.flip(1), cols)
    x = x[torch.arange(n)[:, None, None], :, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)
    return ((x.float() / 255 - mean) / dev).contiguous(memory_format=torch.channels_last), labels[index]

def accuracy(net, data):
    net.eval()
    hits = 0
    with torch.no_grad():
        for x, y in zip(data[0].split(500), data[1].split(500)):
            x = ((x.float() / 255 - mean) / dev).contiguous(memory_format=torch.channels_last)
            hits += (net(x).argmax(1) == y).sum().item()
    net.train()
    return hits / len(data[1])

net = torchvision.models.mobilenet_v2(width_mult=0.5, num_classes=10)
net.features[0][0].stride = (1, 1)
net = net.to(memory_format=torch.channels_last).train()
average = copy.deepcopy(net)
decayed = [p for p in net.parameters() if p.dim() > 1]
others = [p for p in net.parameters() if p.dim() <= 1]
sgd = torch.optim.SGD([{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0}],
                      lr=0.05, momentum=0.9, nesterov=True)
loss_of = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
per_epoch = len(images) // 64
steps, warm = epochs * per_epoch, round(0.05 * epochs * per_epoch)
most = min(0.999, 1 - 50 / steps)
done, step, best = 0, 0, (-1.0, 0, 0.0)
if os.path.exists(out + ".pt"):
    s = torch.load(out + ".pt", weights_only=False)
    net.load_state_dict(s["net"]); average.load_state_dict(s["average"]); sgd.load_state_dict(s["sgd"])
    torch.set_rng_state(s["rng"])
    done, step, best = s["done"], s["step"], s["best"]
for epoch in range(done + 1, epochs + 1):
    start, total = time.time(), 0.0
    for index in torch.randperm(len(images))[: per_epoch * 64].split(64):
        share = (step + 1) / warm if step < warm else (1 + math.cos(math.pi * (step - warm) / (steps - warm))) / 2
        for group in sgd.param_groups:
            group["lr"] = 0.05 * share
        x, y = batch(index)
        sgd.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        sgd.step()
        decay = min(most, (1 + step) / (10 + step))
        with torch.no_grad():
            for a, b in zip(average.state_dict().values(), net.state_dict().values()):
                if a.is_floating_point():
                    a.lerp_(b, 1 - decay)
        step += 1
        total += loss.item()
    seconds = time.time() - start
    top1 = accuracy(average, held)
    if top1 > best[0]:
        best = (top1, epoch, accuracy(average, test))
    line = {"epoch": epoch, "train_loss": total / per_epoch, "hold_out_top1": top1, "seconds": seconds,
            "best_epoch": best[1], "top1": best[2]}
    with open(out, "a") as f:
        f.write(json.dumps(line) + "\n")
    torch.save({"net": net.state_dict(), "average": average.state_dict(), "sgd": sgd.state_dict(),
                "rng": torch.get_rng_state(), "done": epoch, "step": step, "best": best}, out + ".pt.new")
    os.replace(out + ".pt.new", out + ".pt")
    print(json.dumps(line), flush=True)
