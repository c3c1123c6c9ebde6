"""Uses the page of a gateway in headless Chromium as people do, and ends with 1 where it does not do what it should.

    python Tests/Reference/page_client.py http://127.0.0.1:8000 [--pictures FOLDER] [--chromium /usr/bin/chromium]

The gateway serves the repository's own small models, or others: nothing here depends on what is drawn. `--pictures` writes what
the page looks like: light, dark, on a phone.
"""
from __future__ import annotations

import argparse
import re
import shutil
import struct
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

PATIENCE = 120_000  # ms, for work of a model
PROMPT = "a red circle above a blue square"


class Watch:
    """What a page must never do: complain, or ask anybody else than its own server."""

    def __init__(self, page: Page, url: str) -> None:
        self.problems: list[str] = []
        page.on("console", lambda message: message.type in ("error", "warning") and self.problems.append(message.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: request.url.startswith((url, "data:", "blob:")) or self.problems.append(f"asks {request.url}"))

    def expect_none(self, besides: str = "^$") -> None:
        rest = [problem for problem in self.problems if not re.search(besides, problem)]
        assert not rest, rest
        self.problems.clear()


def opened(browser: Browser, url: str, **options) -> tuple[BrowserContext, Page, Watch]:
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
    page = context.new_page()
    watch = Watch(page, url)
    answer = page.goto(url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    expect(page.locator("#ask-model option, #model option")).not_to_have_count(0)
    return context, page, watch


def make(page: Page, prompt: str, steps: str = "4") -> None:
    page.locator(".fine").evaluate("details => { details.open = true; }")
    page.get_by_label("Steps", exact=True).or_(page.get_by_label("步数", exact=True)).first.fill(steps)
    page.locator("#prompt").fill(prompt)
    page.keyboard.press("Control+Enter")


def finished(page: Page, count: int) -> None:
    expect(page.locator(".work.done")).to_have_count(count, timeout=PATIENCE)


def make_and_cancel(page: Page) -> None:
    make(page, PROMPT)
    expect(page.locator(".work progress").first).to_be_visible()
    finished(page, 1)
    assert page.locator(".work.done img").get_attribute("alt") == PROMPT
    seed = page.locator("#seed").input_value()
    expect(page.get_by_role("button", name=f"Use seed {seed} again")).to_be_visible()

    make(page, "a picture that nobody waits for", steps="100")
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.locator(".work.cancelled")).to_have_count(1)
    page.get_by_role("button", name="Remove", exact=True).click()
    finished(page, 1)


def several_and_queue(page: Page) -> None:
    page.locator("#n").fill("5")
    make(page, PROMPT, steps="60")
    expect(page.locator(".work")).to_have_count(6)
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator(".work[aria-busy]")).to_have_count(0)
    while page.get_by_role("button", name="Remove", exact=True).count():
        page.get_by_role("button", name="Remove", exact=True).first.click()
    page.locator("#n").fill("1")


def texts(png: bytes) -> dict[str, str]:
    """The `tEXt` and `iTXt` of a PNG by keyword."""
    found, at = {}, 8
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        data = png[at + 8 : at + 8 + length]
        if kind == b"tEXt":
            key, _, text = data.partition(b"\0")
            found[key.decode()] = text.decode("latin-1")
        if kind == b"iTXt":
            key, _, rest = data.partition(b"\0")
            found[key.decode()] = rest[2:].split(b"\0", 2)[2].decode()
        at += 12 + length
    return found


def download_and_read_back(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    path = download.value.path()
    text = texts(Path(path).read_bytes())["parameters"]
    assert re.fullmatch(rf"{PROMPT}\nSteps: 4, Sampler: flow matching, CFG scale: [\d.]+, Seed: \d+, Size: \d+x\d+, Model: .+", text), text

    page.locator("#prompt").fill("something else")
    page.locator("#source-file").set_input_files(files=[{"name": "a.png", "mimeType": "image/png", "buffer": Path(path).read_bytes()}])
    page.locator("#sources").get_by_role("button", name="Use settings").click()
    expect(page.locator("#prompt")).to_have_value(PROMPT)
    expect(page.locator("#lock")).to_have_attribute("aria-pressed", "true")
    assert "prompt=a+red+circle" in page.evaluate("location.hash") and "seed=" in page.evaluate("location.hash")
    page.get_by_role("button", name="Remove picture 1").click()
    page.locator("#lock").click()


def edit(page: Page) -> None:
    before = page.locator(".work.done").count()
    page.get_by_role("button", name="Edit", exact=True).first.click()
    expect(page.locator("#sources img")).to_have_count(1)
    expect(page.locator("#prompt")).to_be_focused()
    make(page, "make the circle green")
    finished(page, before + 1)
    page.get_by_role("button", name="Remove picture 1").click()


def ask(page: Page) -> None:
    page.locator(".work.done").last.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#question")).to_be_focused()
    for count, question in enumerate(("how many shapes are there?", "what colour is the circle?"), 1):
        page.keyboard.type(question)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".answer")).to_have_count(count)
        expect(page.locator("#ask-new")).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".answer").last).not_to_be_empty()
        page.locator("#question").focus()


def history(page: Page) -> None:
    page.reload()
    page.get_by_role("link", name="History").click()
    shelf = page.locator("#shelf li")
    expect(shelf).not_to_have_count(0)
    count = shelf.count()
    page.get_by_role("button", name=re.compile("^Delete: ")).first.click()
    expect(shelf).to_have_count(count - 1)
    shelf.first.locator("button").first.click()
    expect(page.locator("#make")).to_be_visible()
    page.get_by_role("link", name="History").click()


def delete_all(page: Page) -> None:
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("dialog")).to_contain_text("can't be had back")
    page.get_by_role("dialog").get_by_role("button", name="Delete all").click()
    expect(page.locator("#shelf-empty")).to_be_visible()


def fleet(page: Page) -> None:
    page.get_by_role("link", name="Fleet").click()
    expect(page.locator("#ready")).to_have_text("Ready")
    for kind in ("vision", "text", "diffusion"):
        expect(page.locator(".lines")).to_contain_text(kind)
    expect(page.locator(".stages")).not_to_have_count(0)
    expect(page.locator(".cards li")).not_to_have_count(0)
    drain = page.get_by_role("button", name="Drain diffusion-0")
    if drain.count():
        drain.focus()
        with page.expect_response("**/v1/fleet"):
            pass
        expect(drain).to_be_focused()
        drain.press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text("only diffusion stage")
        page.get_by_role("button", name="Close").press("Enter")
        page.mouse.click(5, 5)
    else:
        expect(page.locator("#fleet-body")).to_contain_text("--admin")


def errors(page: Page) -> None:
    page.get_by_role("link", name="Make").click()
    page.locator("#prompt").fill("")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status")).to_contain_text("Write what shall be drawn")
    make(page, PROMPT, steps="100000")
    expect(page.locator(".work.failed .problem")).to_contain_text("num_inference_steps 100000")
    expect(page.get_by_role("status")).to_contain_text("num_inference_steps 100000")
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#steps").fill("4")
    page.locator("#prompt").fill("")


def key(page: Page) -> None:
    page.get_by_role("button", name="Key", exact=True).click()
    page.locator("#key").fill("glm-test")
    with page.expect_request("**/v1/models") as request:
        page.get_by_role("button", name="Use it").click()
    assert request.value.headers["authorization"] == "Bearer glm-test"
    assert "glm-test" not in page.url and page.evaluate("JSON.stringify({...localStorage})").find("glm-test") < 0
    page.get_by_role("button", name="Key", exact=True).click()
    page.get_by_role("button", name="Forget it").click()
    assert page.evaluate("sessionStorage.length") == 0


def controls_have_names(page: Page) -> None:
    for view in page.locator("nav a").all():
        view.click()
        tree = page.locator("body").aria_snapshot()
        nameless = re.findall(r"- (?:button|link|textbox|combobox|checkbox|spinbutton)(?: \[[^\]]*\])*:?\s*$", tree, re.M)
        assert not nameless, (nameless, tree)


def keyboard_alone(page: Page) -> None:
    """From the top of the page to a picture, without a mouse."""
    page.reload()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "prompt":
            break
    page.keyboard.type(PROMPT)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "generate":
            break
    before = page.locator(".work.done").count()
    page.keyboard.press("Enter")
    finished(page, before + 1)


def shown(page: Page, folder: Path | None, name: str) -> None:
    if not folder:
        return
    from PIL import Image

    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(700)  # what appears, appears slowly
    path = folder / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(200, dither=Image.Dither.NONE).save(path, optimize=True)


def on_a_desk(browser: Browser, url: str, folder: Path | None) -> None:
    context, page, watch = opened(browser, url, locale="en-US")
    controls_have_names(page)
    page.get_by_role("link", name="Make").click()
    make_and_cancel(page)
    several_and_queue(page)
    watch.expect_none()
    download_and_read_back(page)
    edit(page)
    ask(page)
    shown(page, folder, "ask")
    watch.expect_none()
    history(page)
    fleet(page)
    shown(page, folder, "fleet")
    watch.expect_none()
    errors(page)
    key(page)
    watch.expect_none(besides="400|401")
    keyboard_alone(page)
    delete_all(page)
    watch.expect_none()
    context.close()


def in_the_dark(browser: Browser, url: str, folder: Path | None) -> None:
    context, page, watch = opened(browser, url, locale="en-US", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 19, 17)"
    page.locator("#n").fill("2")
    make(page, "a yellow cross left of a small green triangle on a grey background", steps="50")
    expect(page.locator(".work output").first).to_contain_text(re.compile("^[12]\\d\\d /"), timeout=PATIENCE)
    shown(page, folder, "dark")
    finished(page, 2)
    watch.expect_none()
    context.close()


def on_a_phone(browser: Browser, url: str, folder: Path | None) -> None:
    context, page, watch = opened(browser, url, locale="zh-CN", viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.lang") == "zh"
    expect(page.get_by_role("button", name="生成")).to_be_visible()
    shown(page, folder, "phone")
    make(page, PROMPT)
    finished(page, 1)
    for view in page.locator("nav a").all():
        view.click()
        page.wait_for_load_state("networkidle") if view.get_attribute("data-view") != "fleet" else expect(page.locator(".stages").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view.inner_text()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("link", name="Make")).to_be_visible()
    page.reload()
    assert page.evaluate("document.documentElement.lang") == "en"
    watch.expect_none()
    context.close()


def in_the_light(browser: Browser, url: str, folder: Path | None) -> None:
    """For the picture alone."""
    if not folder:
        return
    context, page, _ = opened(browser, url, locale="en-US")
    for prompt in ('the word "CAT"', "a purple diamond, an orange square and a green circle from top to bottom on a black background", PROMPT):
        before = page.locator(".work.done").count()
        make(page, prompt, steps="50")
        finished(page, before + 1)
    shown(page, folder, "light")
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "/usr/bin/chromium")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for part in (on_a_desk, in_the_dark, on_a_phone, in_the_light):
            part(browser, options.url.rstrip("/"), options.pictures)
        browser.close()


if __name__ == "__main__":
    main()
