"""Callers that ask for images which are known, and what they got."""

import threading
import time

import grpc
from client import digest, messages


class Cases:
    """Some requests and their images, drawn before anything is broken."""

    def __init__(self, gateway, count=4, **fields):
        """`fields`: of all of the requests."""
        fields = dict(width=64, height=64, steps=2) | fields
        words = ["a red circle", "a blue square", "a green cross", "a red diamond"]
        self.requests = [messages.GenerateImageRequest(prompt=words[number % 4], seed=number, **fields) for number in range(count)]
        client = gateway.client()
        self.images = [digest(client.image(request, timeout=120)) for request in self.requests]
        client.close()

    def __len__(self):
        return len(self.requests)


class Answer:
    """One request: when it was asked and answered, and why its answer is not right; "": it is."""

    def __init__(self, begin, problem, instances):
        self.begin, self.end, self.problem = begin, time.monotonic(), problem
        # Kind of stage to the instance that did its work last.
        self.instances = instances

    @property
    def seconds(self):
        return self.end - self.begin


class Load:
    """Callers who each ask one request after the other, of the gateways in turn."""

    def __init__(self, cases, gateways, callers, count=None, timeout=120):
        """`count`: of requests in all; None: until the end. `timeout`: seconds after which a caller takes no answer."""
        self.cases, self.count, self.timeout = cases, count, timeout
        self.answers = []
        self._asked, self._lock = 0, threading.Lock()
        clients = [gateways[number % len(gateways)].client() for number in range(callers)]
        self._threads = [threading.Thread(target=self._run, args=(client,), daemon=True) for client in clients]
        for thread in self._threads:
            thread.start()

    def _next(self):
        with self._lock:
            if self._asked == self.count:
                return None
            self._asked += 1
            return self._asked - 1

    def _run(self, client):
        while (number := self._next()) is not None:
            self.answers.append(ask(client, self.cases, number % len(self.cases), self.timeout))
        client.close()

    def end(self):
        """Asks nothing more. Returns all answers once they are there."""
        with self._lock:
            self.count = self._asked
        return self.finish()

    def finish(self):
        """Returns all answers once they are there."""
        for thread in self._threads:
            thread.join()
        return self.answers


def ask(client, cases, index, timeout=120):
    begin = time.monotonic()
    try:
        image = client.generate(cases.requests[index], timeout=timeout)
        problem = "" if digest(image.image) == cases.images[index] else "another image"
        return Answer(begin, problem, {timing.stage: timing.instance for timing in image.timings})
    except (grpc.RpcError, RuntimeError) as error:
        words = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.RpcError) else str(error)
        return Answer(begin, words, {})


def all_right(answers):
    """Fails unless all are."""
    wrong = [answer.problem for answer in answers if answer.problem]
    assert answers, "nothing was answered"
    assert not wrong, f"{len(wrong)} of {len(answers)} were not right: {sorted(set(wrong))[:5]}"
