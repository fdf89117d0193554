"""Stands in for `vllm serve`: the part of its interface that Inspect's provider uses, with answers made up.

As the real one, it has a process beside its own, which does not end with it.
Writes what it is started with and asked for to the JSON-lines file STE_STAND_IN_VLLM. Further settings in variables of
that name with an ending: _HANGS never answers a request, _SLEEPS takes none, _ROOM is the number of characters that a
conversation may have, _TEXTS how many different texts the choices of a request are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RANKS = ("1", "8", "16", "32", "64", "128", "256", "320", "512")


def main() -> None:
    parser = argparse.ArgumentParser(prog="vllm")
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("model")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--api-key")
    parser.add_argument("--enable-lora", action="store_true")
    parser.add_argument("--max-lora-rank", choices=RANKS, default="16")
    options = parser.parse_args()
    engine = subprocess.Popen(["/bin/sleep", "600"])
    known = {name: value for name, value in vars(options).items() if name != "api_key"}
    note("start", pid=os.getpid(), engine=engine.pid, **known)
    if "STE_STAND_IN_VLLM_SLEEPS" in os.environ:
        time.sleep(600)
    Handler.options, Handler.models = options, [options.model]
    ThreadingHTTPServer((options.host, options.port), Handler).serve_forever()


def note(event: str, **details: Any) -> None:
    with open(os.environ["STE_STAND_IN_VLLM"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"event": event, "time": time.time(), **details}) + "\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    options: argparse.Namespace
    models: list[str]

    def do_GET(self) -> None:
        self.reply(200, {"object": "list", "data": [{"id": name, "max_model_len": 4096} for name in self.models]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/load_lora_adapter":
            self.load(body["lora_name"], Path(body["lora_path"]))
        elif self.path == "/v1/chat/completions" and body["model"] in self.models:
            note("ask", pid=os.getpid(), body=body)
            if "STE_STAND_IN_VLLM_HANGS" in os.environ:
                time.sleep(600)
            room = os.environ.get("STE_STAND_IN_VLLM_ROOM")
            if room is not None and sum(len(message["content"]) for message in body["messages"]) > int(room):
                message = f"The maximum context length is {room}."  # by these words Inspect knows a refusal
                self.reply(400, {"error": {"message": message, "type": "BadRequestError", "code": 400}})
            else:
                self.reply(200, completion(body))
        else:
            self.reply(404, {"error": {"message": f"no {body.get('model')} at {self.path}"}})

    def load(self, name: str, folder: Path) -> None:
        allowed = self.options.enable_lora and os.environ.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") == "True"
        note("load", pid=os.getpid(), name=name, allowed=allowed)
        if not allowed:
            self.reply(404, {"error": {"message": "not found"}})
        elif json.loads((folder / "adapter_config.json").read_text())["r"] > int(self.options.max_lora_rank):
            self.reply(400, {"error": {"message": "the rank is too high"}})
        else:
            self.models.append(name)
            self.reply(200, {})

    def reply(self, status: int, data: dict[str, Any]) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def completion(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice(body, index) for index in range(body.get("n") or 1)],
        "usage": {"prompt_tokens": 50, "completion_tokens": 3, "total_tokens": 53},
    }


def choice(body: dict[str, Any], index: int) -> dict[str, Any]:
    """A label where the server is held to some, else words; another model, another choice."""
    known = json.dumps([body["model"], body["messages"], body.get("seed"), index]).encode()
    number = int.from_bytes(blake2b(known, digest_size=4).digest(), "big")
    labels = (body.get("structured_outputs") or {}).get("choice")
    if labels:
        text = labels[number % len(labels)]
    else:
        texts = os.environ.get("STE_STAND_IN_VLLM_TEXTS")
        text = f"The first response number {index % int(texts) if texts else number} is good."
    entry: dict[str, Any] = {"index": index, "finish_reason": "stop", "logprobs": None}
    if body.get("logprobs"):
        tops = [{"token": label, "logprob": -1.0 - at, "bytes": None} for at, label in enumerate(labels or [text])]
        entry["logprobs"] = {"content": [{"token": text, "logprob": -1.0, "bytes": None, "top_logprobs": tops}]}
    return {**entry, "message": {"role": "assistant", "content": text}}


if __name__ == "__main__":
    sys.exit(main())
