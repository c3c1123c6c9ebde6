// The page of a gateway: it knows what the API says, and nothing else.

// MARK: Elements

const $ = (id) => document.getElementById(id);

// An element with attributes (`on…`: listeners, `t`: a key of the words, `style`: property by property) and children.
function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 't') say(element, ...[value].flat());
    else if (key === 'tLabel') label(element, ...[value].flat());
    else if (key === 'style') Object.assign(element.style, value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const button = (t, onclick, attributes) => h('button', { type: 'button', t, onclick, ...attributes });
const removeButton = (tLabel, onclick) => h('button', { type: 'button', class: 'round', tLabel, onclick }, '×');
const fact = (...t) => h('span', { t });

// Makes `old` equal to `fresh`; elements stay, and with them the focus. Listeners are not carried over.
function patch(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  old.style.cssText = fresh.style.cssText;
  patchChildren(old, fresh);
}

function patchChildren(old, fresh) {
  const before = [...old.childNodes], after = [...fresh.childNodes];
  after.forEach((node, index) => (index < before.length ? patch(before[index], node) : old.append(node)));
  before.slice(after.length).forEach((node) => node.remove());
}

// MARK: Words

// English stands in the page; here are the words of the script alone, and all of them in Chinese.
const words = {
  en: {
    held: 'Waits for the pictures before it', ahead: '{n} ahead of it', next: 'Next in line', left: 'about {s} left', codes: 'Codes',
    silent: 'no sign of life for {s}', elapsed: '{s} so far', cancel: 'Cancel', cancelled: 'Cancelled', again: 'Try again', remove: 'Remove',
    madeIn: 'made in {s}', download: 'Download', edit: 'Edit', askThis: 'Ask', reuse: 'Use settings', copy: 'Copy settings',
    copied: 'The settings are copied.', seedOf: 'Seed {seed}', seedReuse: 'Use seed {seed} again', stepsN: '{n} steps', guidanceN: 'guidance {n}',
    delete: 'Delete', deleted: 'Deleted.', done: 'The picture is done: {prompt}', working: '{n} at work',
    settingsUsed: 'The settings of the picture are in the form.', removePicture: 'Remove picture {n}', editOf: 'edit of {n}',
    unreachable: 'The server can\'t be reached.', brokeOff: 'The connection ended before the work was done.', status: 'The server answered {status}.',
    noPrompt: 'Write what shall be drawn.', badSeed: 'The seed is a whole number from 0 to 18446744073709551615.',
    badSize: 'A size is width × height, as in 1024x768.', badFile: '{name} is no PNG, JPEG or WebP.', noQuestion: 'Write a question.',
    notKept: 'This browser keeps no history.', thinking: 'Thinks…', thoughts: 'Thoughts', cut: 'The answer has reached its longest.',
    clearText: 'The {n} pictures of this history are deleted from this browser. They can\'t be had back.', isReady: 'Ready', notReady: 'Not ready',
    cards: 'Cards', stages: 'Stages', lines: 'Queues', pictures: 'Pictures', perMinute: 'Pictures a minute', answers: 'Answers', retries: 'Calls made again',
    refused: 'Turned away', uptime: 'Running for', memory: 'Memory', free: '{free} free of {total}', temperature: 'Temperature', power: 'Power',
    nothing: 'nothing', waiting: 'waiting', ofSlots: '{running} of {slots} slots', each: '{s} each', doneN: '{n} done', restarts: 'Restarts',
    serving: 'serving', starting: 'starting', draining: 'draining', 'not serving': 'not serving', unknown: 'no answer',
    readOnly: 'To drain, scale or swap, use a key that may, or start the server with --admin.', drain: 'Drain', drainOf: 'Drain {stage}',
    more: 'One more {kind} stage of {model}', fewer: 'One less {kind} stage of {model}', swap: 'Swap model',
    swapOf: 'Swap the model of {kind} stages of {model}', drainText: 'It gets no new work, finishes the {n} requests that it has, and ends. ',
    drainOthers: '{others} other {kind} stages of {model} go on.',
    drainLast: 'It is the only {kind} stage of {model} that serves: until there is another, requests wait or fail.', deleteOf: 'Delete: {prompt}',
    scaleUp: 'From {before} to {n} stages: new ones start, take memory on a card, and get requests once they serve.',
    scaleDown: 'From {before} to {n} stages: what is too much finishes its work and ends. The line may become longer.',
    swapText: 'New stages start with the checkpoint and are probed, requests go to them, the {n} old ones finish their work and end. Both need memory meanwhile.',
    folder: 'Folder of the checkpoint, on the server', force: 'Drain it even so', finished: 'Done.',
  },
  zh: {
    skip: '跳到内容', views: '视图', make: '创作', ask: '提问', history: '历史', fleet: '集群', key: '密钥', prompt: '想画什么？',
    promptHint: '用几句话描述画面。要写在图中的文字放在"引号"里。', addSource: '添加要编辑的图片：拖放、粘贴或选择', model: '模型', size: '尺寸', count: '张数',
    seed: '种子', seedHint: '每次换新', lock: '固定这个种子', fine: '步数与引导', steps: '步数', guidance: '引导', generate: '生成', cancelAll: '全部取消',
    emptyLead: '空白的画框。', emptyText: '写下想画的内容，或从这里开始：', askPicture: '关于哪张图片？', addPicture: '添加图片：拖放、粘贴或选择',
    question: '你的问题', questionHint: '图中有几个形状？', askSend: '提问', stop: '停止', askNew: '新对话', askLead: '问问图里有什么。',
    askText: '几个、什么颜色、在哪里、写着什么：答案会边写边显示。', historyText: '只保存在这个浏览器里。', clear: '全部删除', shelfLead: '这里还没有内容。',
    shelfText: '你的作品和它的参数会保存在这里。', dropHere: '把图片放在这里', keyTitle: '密钥', keyText: '随每个请求发送，关闭此标签页后即被忘记。',
    save: '使用', forget: '忘记', close: '关闭', auto: '默认', sizeAuto: '自动', held: '等待前面的图片', ahead: '前面还有 {n} 个', next: '下一个就是',
    left: '约剩 {s}', codes: '编码', silent: '已有 {s} 没有消息', elapsed: '已用 {s}', cancel: '取消', cancelled: '已取消', again: '重试', remove: '移除',
    madeIn: '用时 {s}', download: '下载', edit: '编辑', askThis: '提问', reuse: '使用参数', copy: '复制参数', copied: '参数已复制。',
    seedOf: '种子 {seed}', seedReuse: '再次使用种子 {seed}', stepsN: '{n} 步', guidanceN: '引导 {n}', delete: '删除', deleted: '已删除。',
    done: '图片已完成：{prompt}', working: '{n} 个进行中', settingsUsed: '图片的参数已填入表单。', removePicture: '移除图片 {n}', editOf: '由 {n} 张图编辑',
    unreachable: '无法连接服务器。', brokeOff: '连接在完成之前中断了。', status: '服务器回答 {status}。', noPrompt: '请写下想画的内容。',
    badSeed: '种子是 0 到 18446744073709551615 的整数。', badSize: '尺寸为 宽 × 高，例如 1024x768。', badFile: '{name} 不是 PNG、JPEG 或 WebP。',
    noQuestion: '请写下问题。', notKept: '此浏览器不保存历史。', thinking: '思考中…', thoughts: '思考过程', cut: '答案已达最大长度。',
    clearText: '此历史中的 {n} 张图片将从浏览器中删除，无法恢复。', isReady: '就绪', notReady: '未就绪', cards: '加速卡', stages: '阶段', lines: '队列',
    pictures: '图片', perMinute: '每分钟图片', answers: '回答', retries: '重试的调用', refused: '被拒绝', uptime: '已运行', memory: '内存',
    free: '可用 {free}，共 {total}', temperature: '温度', power: '功率', nothing: '无', waiting: '等待', ofSlots: '{running} / {slots} 个槽位',
    each: '每个 {s}', doneN: '完成 {n}', restarts: '重启', serving: '服务中', starting: '启动中', draining: '排空中', 'not serving': '未服务',
    unknown: '无应答', readOnly: '要排空、扩缩或更换模型，请使用有权限的密钥，或以 --admin 启动服务器。', drain: '排空', drainOf: '排空 {stage}',
    more: '为 {model} 增加一个 {kind} 阶段', fewer: '为 {model} 减少一个 {kind} 阶段', swap: '更换模型', swapOf: '更换 {model} 的 {kind} 阶段的模型',
    drainText: '它不再接收新工作，完成手上的 {n} 个请求后结束。', drainOthers: '{model} 的另外 {others} 个 {kind} 阶段继续运行。',
    drainLast: '它是 {model} 唯一在服务的 {kind} 阶段：在有新的阶段之前，请求会等待或失败。', deleteOf: '删除：{prompt}',
    scaleUp: '从 {before} 个到 {n} 个阶段：新阶段会启动并占用卡上内存，就绪后接收请求。',
    scaleDown: '从 {before} 个到 {n} 个阶段：多余的阶段完成工作后结束。队列可能变长。',
    swapText: '新阶段以该检查点启动并经过检测，请求转到它们，{n} 个旧阶段完成工作后结束。其间两者都占用内存。', folder: '服务器上检查点的文件夹',
    force: '仍然排空', finished: '完成。',
  },
};

// What the browser keeps, where it may.
const kept = (storage) => ({
  get(key) { try { return storage()[`glm-${key}`]; } catch { return; } },
  set(key, value) { try { value ? storage()[`glm-${key}`] = value : delete storage()[`glm-${key}`]; } catch { /* Then it is forgotten. */ } },
});
const remembered = kept(() => localStorage);
// The key is gone with the tab.
const secret = kept(() => sessionStorage);

let language = remembered.get('language') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');

const t = (key, values = {}) => (words[language][key] ?? words.en[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');

// Written so, texts change with the language.
function say(element, key, values) {
  element.dataset.t = key;
  if (values) element.dataset.values = JSON.stringify(values);
  element.textContent = t(key, values);
}

function label(element, key, values) {
  element.dataset.tLabel = key;
  if (values) element.dataset.labelValues = JSON.stringify(values);
  element.setAttribute('aria-label', t(key, values));
  if (element.matches('button')) element.title = t(key, values);
}

function collectEnglish() {
  const add = (key, text) => { words.en[key] ??= text; };
  for (const element of document.querySelectorAll('[data-t]')) add(element.dataset.t, element.textContent);
  for (const element of document.querySelectorAll('[data-t-label]')) add(element.dataset.tLabel, element.getAttribute('aria-label'));
  for (const element of document.querySelectorAll('[data-t-hint]')) add(element.dataset.tHint, element.placeholder);
}

function translate() {
  document.documentElement.lang = language;
  const values = (json) => json && JSON.parse(json);
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t, values(element.dataset.values));
  for (const element of document.querySelectorAll('[data-t-label]')) label(element, element.dataset.tLabel, values(element.dataset.labelValues));
  for (const element of document.querySelectorAll('[data-t-hint]')) element.placeholder = t(element.dataset.tHint);
  const other = language === 'zh' ? 'English' : '中文';
  Object.assign($('language'), { textContent: other, lang: language === 'zh' ? 'en' : 'zh' });
  $('language').setAttribute('aria-label', other);
}

const seconds = (value) => (value < 10 ? `${value.toFixed(1)} s` : value < 120 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`);
const bytes = (value) => (value >= 2 ** 30 ? `${(value / 2 ** 30).toFixed(1)} GiB` : `${Math.round(value / 2 ** 20)} MiB`);

let hush;
const whisper = (text) => { $('status').textContent = text; };

function announce(text, isError = false) {
  const status = $('status');
  whisper(text);
  status.classList.toggle('error', isError);
  status.classList.add('shown');
  clearTimeout(hush);
  hush = setTimeout(() => status.classList.remove('shown'), isError ? 10000 : 4000);
}

// MARK: The API

// What the server says when it refuses or fails.
class Refusal extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  const headers = new Headers(options.headers);
  if (secret.get('key')) headers.set('authorization', `Bearer ${secret.get('key')}`);
  let response;
  try {
    response = await fetch(`.${path}`, { ...options, headers, cache: 'no-store' });
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Refusal(t('unreachable'));
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Refusal(body?.error?.message ?? t('status', { status: response.status }), response.status);
}

const post = (path, body, signal) =>
  call(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), signal, headers: { 'content-type': 'application/json' } });

// The events of a stream: `{comment}` or `{data}`. An error, and an end that is none, are thrown.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read().catch((error) => { throw error.name === 'AbortError' ? error : new Refusal(t('brokeOff')); });
    if (done) return;
    let from = Math.max(0, rest.length - 1);
    rest += value;
    for (let end; (end = rest.indexOf('\n\n', from)) >= 0; from = 0) {
      const event = parseEvent(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (event.data?.error) throw new Refusal(event.data.error.message);
      yield event;
    }
  }
}

function parseEvent(block) {
  const lines = block.split('\n');
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trim()).join('\n');
  if (data && data !== '[DONE]') return { data: JSON.parse(data) };
  return { comment: lines.filter((line) => line.startsWith(':')).map((line) => line.slice(1).trim()).join(' ') };
}

let models = [];

async function loadModels() {
  try {
    models = (await (await call('/v1/models')).json()).data;
  } catch (error) {
    tell(error);
  }
  fillModels($('model'), 'image');
  fillModels($('ask-model'), 'answer');
  restoreSettings();
}

function fillModels(select, pipeline) {
  const chosen = select.value;
  const known = models.filter((model) => model.pipeline === pipeline).map(({ id }) => id);
  select.replaceChildren(...known.map((id) => h('option', {}, id)));
  if (known.includes(chosen)) select.value = chosen;
  select.closest('[data-for]').hidden = known.length < 2;
}

function tell(error) {
  if (error.name === 'AbortError') return;
  announce(error.message, true);
  if (error.status === 401) askForKey();
}

// MARK: Text in PNG files

const latin = new TextDecoder('latin1'), utf8 = new TextDecoder();

const crcTable = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc(data) {
  let value = ~0;
  for (const byte of data) value = crcTable[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

function chunk(type, data) {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

// The file with a text behind its head, where A1111 looks for settings. Beyond Latin-1 it is an `iTXt`.
function withText(png, text) {
  const isLatin = /^[\x00-\xff]*$/.test(text);
  const content = isLatin ? Uint8Array.from(`parameters\0${text}`, (letter) => letter.charCodeAt(0)) : new TextEncoder().encode(`parameters\0\0\0\0\0${text}`);
  const head = 8 + 25;
  return new Blob([png.subarray(0, head), chunk(isLatin ? 'tEXt' : 'iTXt', content), png.subarray(head)], { type: 'image/png' });
}

// What withText or another program wrote; nothing where there is none.
function textOf(png) {
  if (latin.decode(png.subarray(1, 4)) !== 'PNG') return;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at), type = latin.decode(png.subarray(at + 4, at + 8)), data = png.subarray(at + 8, at + 8 + length);
    if (type === 'IDAT') return;
    const zero = data.indexOf(0);
    if (zero > 0 && latin.decode(data.subarray(0, zero)) === 'parameters') {
      if (type === 'tEXt') return latin.decode(data.subarray(zero + 1));
      // Compression, method, language, keyword.
      const language = data.indexOf(0, zero + 3), keyword = data.indexOf(0, language + 1);
      if (type === 'iTXt' && data[zero + 1] === 0 && language > 0 && keyword > 0) return utf8.decode(data.subarray(keyword + 1));
    }
    at += 12 + length;
  }
}

// MARK: Settings

const sizes = ['256x256', '512x512', '768x768', '1024x1024', '1280x1280', '1280x960', '960x1280', '1728x960', '960x1728'];
const largestSeed = 2n ** 64n - 1n;

const newSeed = () => String(crypto.getRandomValues(new Uint32Array(1))[0]);
const isLocked = () => $('lock').getAttribute('aria-pressed') === 'true';
const lockSeed = (on) => $('lock').setAttribute('aria-pressed', String(on));

// What the form says, where it says something.
function readSettings() {
  const settings = { prompt: $('prompt').value.trim() };
  const size = $('size').value.trim().replace(/[×*\s]+/g, 'x');
  if (size) settings.size = size;
  if (models.length && $('model').value) settings.model = $('model').value;
  for (const name of ['steps', 'guidance']) if ($(name).value) settings[name] = Number($(name).value);
  if (isLocked() && $('seed').value.trim()) settings.seed = $('seed').value.trim();
  const count = Number($('n').value) || 1;
  if (count !== 1) settings.n = count;
  return settings;
}

function fillSettings(settings) {
  $('prompt').value = settings.prompt ?? '';
  $('size').value = settings.size ?? '';
  if ([...$('model').options].some(({ value }) => value === settings.model)) $('model').value = settings.model;
  $('n').value = settings.n ?? 1;
  for (const name of ['steps', 'guidance']) $(name).value = settings[name] ?? '';
  if (settings.seed !== undefined) $('seed').value = settings.seed;
  lockSeed(settings.seed !== undefined);
  document.querySelector('.fine').open = settings.steps !== undefined || settings.guidance !== undefined;
  rememberSettings();
}

// In the fragment, which is sent nowhere.
function rememberSettings() {
  const text = new URLSearchParams(readSettings()).toString();
  history.replaceState(null, '', `#${view}${text && text !== 'prompt=' ? `?${text}` : ''}`);
}

function restoreSettings() {
  const text = location.hash.split('?').slice(1).join('?');
  if (text) fillSettings(Object.fromEntries(new URLSearchParams(text)));
}

// As A1111 writes them.
const recipe = ({ prompt, steps, guidance, seed, size, model }) =>
  `${prompt}\n` + Object.entries({ Steps: steps, Sampler: 'flow matching', 'CFG scale': guidance, Seed: seed, Size: size, Model: model })
    .filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`).join(', ');

function parseRecipe(text) {
  const lines = text.split('\n'), last = lines.findLastIndex((line) => line.startsWith('Steps: '));
  if (last < 0) return;
  const values = Object.fromEntries([...lines[last].matchAll(/([A-Z][\w ]*): ("[^"]*"|[^,]+)/g)].map(([, name, value]) => [name, value]));
  const prompt = lines.slice(0, last).filter((line) => !line.startsWith('Negative prompt:')).join('\n').trim();
  const settings = { prompt, steps: values.Steps, guidance: values['CFG scale'], seed: values.Seed, size: values.Size, model: values.Model };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function useSettings(settings) {
  fillSettings(settings);
  show('make');
  announce(t('settingsUsed'));
}

// MARK: Pictures that are given

const kinds = ['image/png', 'image/jpeg', 'image/webp'];

class Pictures {
  constructor(list, onChange = () => {}) {
    this.list = list;
    this.onChange = onChange;
    this.items = [];
  }

  async add(files) {
    for (const file of files) {
      if (!kinds.includes(file.type)) { announce(t('badFile', { name: file.name ?? file.type }), true); continue; }
      const text = file.type === 'image/png' ? textOf(new Uint8Array(await file.arrayBuffer())) : undefined;
      this.items.push({ blob: file, url: URL.createObjectURL(file), settings: text && parseRecipe(text) });
    }
    this.draw();
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    URL.revokeObjectURL(item.url);
    this.draw();
    this.list.parentElement.querySelector('input[type=file]')?.focus();
  }

  clear() {
    this.items.forEach(({ url }) => URL.revokeObjectURL(url));
    this.items = [];
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.items.map((item, index) => h('li', {},
      h('img', { src: item.url, alt: '' }),
      removeButton(['removePicture', { n: index + 1 }], () => this.remove(item)), item.settings && button('reuse', () => useSettings(item.settings), { class: 'small' }))));
    this.onChange();
  }
}

const sources = new Pictures($('sources'));
const subjects = new Pictures($('ask-pictures'), () => newConversation());

function receive(files) {
  if (view !== 'ask') show('make');
  (view === 'ask' ? subjects : sources).add(files);
}

// MARK: The history

const settled = (request) => new Promise((resolve, reject) => {
  request.onsuccess = request.onload = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

// In this browser: `{id, made, blob, settings, sources, seconds}`.
const store = {
  most: 200,

  open() {
    if (!this.database) {
      const request = indexedDB.open('glm', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('pictures', { keyPath: 'id', autoIncrement: true });
      this.database = settled(request);
    }
    return this.database;
  },

  async run(mode, body) {
    const database = await this.open();
    return settled(body(database.transaction('pictures', mode).objectStore('pictures')));
  },

  // The newest first.
  async all() { return (await this.run('readonly', (pictures) => pictures.getAll())).reverse(); },

  async add(record) {
    record.id = await this.run('readwrite', (pictures) => pictures.add(record));
    const keys = await this.run('readonly', (pictures) => pictures.getAllKeys());
    for (const key of keys.slice(0, Math.max(0, keys.length - this.most))) await this.delete(key);
  },

  delete(id) { return this.run('readwrite', (pictures) => pictures.delete(id)); },
  clear() { return this.run('readwrite', (pictures) => pictures.clear()); },
};

async function forget(record) {
  if (record.id) await store.delete(record.id);
  works = works.filter((work) => work.record !== record && !(record.id && work.record?.id === record.id));
  drawWorks();
  await drawShelf();
  announce(t('deleted'));
}

async function drawShelf() {
  const records = await store.all().catch(() => []);
  for (const image of $('shelf').querySelectorAll('img')) URL.revokeObjectURL(image.src);
  $('shelf').replaceChildren(...records.map((record) => h('li', {},
    h('button', { type: 'button', onclick: () => putOnEasel(record) }, h('img', { src: URL.createObjectURL(record.blob), alt: '', loading: 'lazy' }), h('span', {}, record.settings.prompt)),
    removeButton(['deleteOf', { prompt: record.settings.prompt }], () => forget(record).catch(tell)))));
  $('shelf-empty').hidden = records.length > 0;
  $('clear').hidden = records.length === 0;
}

function putOnEasel(record) {
  works = [Work.of(record), ...works.filter((work) => work.record?.id !== record.id)];
  drawWorks();
  show('make');
  works[0].element.scrollIntoView({ block: 'nearest' });
}

async function clearHistory() {
  const { length } = await store.all();
  confirm({ title: t('clear'), text: t('clearText', { n: length }), action: t('clear'), isDanger: true }, async () => {
    await store.clear();
    works = works.filter((work) => !work.record);
    drawWorks();
    await drawShelf();
    $('confirm').close();
    announce(t('deleted'));
  });
}

// MARK: A finished picture

async function download(record) {
  const png = new Uint8Array(await record.blob.arrayBuffer());
  const link = h('a', { href: URL.createObjectURL(withText(png, recipe(record.settings))), download: `glm-${record.settings.seed}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function copyText(text) {
  // No clipboard without TLS.
  if (!navigator.clipboard) return prompt(t('copy'), text);
  await navigator.clipboard.writeText(text);
  announce(t('copied'));
}

function reuseSeed(seed) {
  $('seed').value = seed;
  lockSeed(true);
  rememberSettings();
  show('make');
  $('seed').focus();
}

function editThis(record) {
  sources.add([record.blob]);
  $('prompt').value = '';
  show('make');
  $('prompt').focus();
}

async function askThis(record) {
  subjects.clear();
  await subjects.add([record.blob]);
  show('ask');
  $('question').focus();
}

function caption({ settings, sources: count, seconds: time }) {
  const facts = [settings.size?.replace('x', ' × '), settings.model].filter(Boolean).map((text) => h('span', {}, text));
  if (settings.steps) facts.push(fact('stepsN', { n: settings.steps }));
  if (settings.guidance) facts.push(fact('guidanceN', { n: settings.guidance }));
  if (count) facts.push(fact('editOf', { n: count }));
  if (time) facts.push(fact('madeIn', { s: seconds(time) }));
  const { seed } = settings;
  return h('figcaption', {}, h('p', { class: 'said' }, settings.prompt),
    h('p', { class: 'facts' }, button(['seedOf', { seed }], () => reuseSeed(seed), { class: 'chip', tLabel: ['seedReuse', { seed }] }), facts));
}

function actions(record) {
  return h('div', { class: 'actions' },
    button('download', () => download(record)), button('edit', () => editThis(record)), button('askThis', () => askThis(record)),
    button('reuse', () => useSettings({ ...record.settings })), button('copy', () => copyText(recipe(record.settings))),
    button('delete', () => forget(record).catch(tell), { class: 'danger' }));
}

function figure(record) {
  const url = URL.createObjectURL(record.blob);
  const image = h('img', { src: url, alt: record.settings.prompt, onload: () => URL.revokeObjectURL(url) });
  return h('figure', { class: 'work done' }, h('div', { class: 'frame', style: { aspectRatio: ratio(record.settings.size) } }, image), caption(record), actions(record));
}

const ratio = (size) => (/^\d+x\d+$/.test(size ?? '') ? size.replace('x', ' / ') : '1 / 1');

// MARK: Pictures in the making

// At a time: browsers open six connections.
const together = 3;
let works = [];

// One picture: what was asked for, and how far it is.
class Work {
  constructor(settings, pictures) {
    this.settings = settings;
    this.sources = pictures;
    this.phase = 'held';
    this.stages = {};
    this.aborter = new AbortController();
    this.build();
  }

  // One that is in the history.
  static of(record) { return { phase: 'done', record, element: figure(record) }; }

  build() {
    const bar = (key) => h('label', {}, h('span', { t: key }), h('progress', { max: 1, value: 0 }), h('output', {}));
    this.image = h('img', { alt: '', hidden: true });
    this.canvas = h('canvas', { width: 16, height: 16, 'aria-hidden': 'true' });
    this.frame = h('div', { class: 'frame', style: { aspectRatio: ratio(this.settings.size) } }, this.canvas, this.image);
    this.bars = { text: bar('codes'), diffusion: bar('steps') };
    this.place = h('p', { class: 'place' });
    this.panel = h('div', { class: 'panel' }, h('p', { class: 'said' }, this.settings.prompt), this.bars.text, this.bars.diffusion,
      h('div', { class: 'row act' }, this.place, button('cancel', () => this.cancel())));
    this.element = h('figure', { class: 'work', 'aria-busy': 'true' }, this.frame, this.panel);
  }

  body() {
    const { prompt, size, model, steps, guidance, seed } = this.settings;
    const fields = { prompt, model, size, num_inference_steps: steps, guidance_scale: guidance, stream: true, partial_images: 2, progress: true };
    // Seeds have 64 bits, numbers of JavaScript 53.
    if (!this.sources.length) return `{"seed":${seed},${JSON.stringify(fields).slice(1)}`;
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...fields, seed })) if (value !== undefined) form.append(name, String(value));
    for (const blob of this.sources) form.append('image[]', blob, 'image');
    return form;
  }

  send() {
    const { signal } = this.aborter, body = this.body();
    return this.sources.length ? call('/v1/images/edits', { method: 'POST', body, signal }) : post('/v1/images/generations', body, signal);
  }

  async run() {
    this.phase = 'sent';
    this.began = this.heard = performance.now();
    const clock = setInterval(() => this.draw(), 500);
    try {
      for await (const event of events(await this.send())) {
        this.heard = performance.now();
        if (event.data) await this.take(event.data);
      }
      if (this.phase !== 'done') throw new Refusal(t('brokeOff'));
    } catch (error) {
      this.end(error);
    } finally {
      clearInterval(clock);
      this.draw();
    }
  }

  async take(event) {
    switch (event.type.split('.').pop()) {
      case 'queued': this.queued = { ahead: event.ahead, until: event.seconds == null ? undefined : this.heard + event.seconds * 1000 }; break;
      case 'progress': this.advance(event); break;
      case 'partial_image': this.showImage(pictureBlob(event)); this.fit(event.size); break;
      case 'completed': await this.complete(event); break;
    }
    this.redraw();
  }

  advance({ stage, done, total }) {
    this.queued = undefined;
    this.stages[stage] = { done, total, began: this.stages[stage]?.began ?? this.heard };
  }

  async complete(event) {
    const { prompt, seed } = this.settings, blob = pictureBlob(event);
    const settings = { prompt, seed, size: event.size, model: event.model, steps: event.steps, guidance: event.guidance_scale };
    this.record = { made: Date.now(), blob, settings, sources: this.sources.length, seconds: (this.heard - this.began) / 1000 };
    this.phase = 'done';
    this.fit(event.size);
    this.showImage(blob);
    this.image.onload = () => URL.revokeObjectURL(this.image.src);
    this.image.alt = prompt;
    await store.add(this.record).catch(() => announce(t('notKept'), true));
    this.panel.replaceWith(caption(this.record), actions(this.record));
    this.element.classList.add('done');
    this.element.removeAttribute('aria-busy');
    (view === 'make' ? whisper : announce)(t('done', { prompt }));
  }

  cancel() {
    this.aborter.abort();
    if (this.phase !== 'held') return;
    this.end(this.aborter.signal.reason);
    drawWorks();
  }

  end(error) {
    this.phase = error.name === 'AbortError' ? 'cancelled' : 'failed';
    this.element.removeAttribute('aria-busy');
    this.element.classList.add(this.phase);
    this.panel.replaceChildren(h('p', { class: 'said' }, this.settings.prompt),
      this.phase === 'failed' ? h('p', { class: 'problem' }, error.message) : h('p', { class: 'dim', t: 'cancelled' }),
      h('div', { class: 'actions' }, button('again', () => this.again()), button('remove', () => this.remove())));
    if (this.phase === 'failed') tell(error);
    else whisper(t('cancelled'));
  }

  again() {
    const work = new Work(this.settings, this.sources);
    works = works.map((other) => (other === this ? work : other));
    schedule();
  }

  remove() {
    works = works.filter((work) => work !== this);
    drawWorks();
  }

  showImage(blob) {
    const before = this.image.src;
    this.image.src = URL.createObjectURL(blob);
    this.image.hidden = false;
    if (before) URL.revokeObjectURL(before);
  }

  fit(size) { if (size) this.frame.style.aspectRatio = ratio(size); }

  // At most once a frame.
  redraw() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.draw();
    });
  }

  draw() {
    if (!['held', 'sent'].includes(this.phase)) return;
    for (const [stage, bar] of Object.entries(this.bars)) {
      const { done = 0, total = 0 } = this.stages[stage] ?? {};
      const [, progress, output] = bar.children;
      progress.value = total ? done / total : 0;
      output.textContent = total ? `${done} / ${total}` : '';
    }
    this.place.textContent = this.sentence();
    paint(this);
  }

  // Place in line and forecast, or the time so far.
  sentence() {
    if (this.phase === 'held') return t('held');
    const now = performance.now(), parts = [];
    if (this.queued) parts.push(this.queued.ahead > 0 ? t('ahead', { n: this.queued.ahead }) : t('next'));
    const left = this.queued?.until ? (this.queued.until - now) / 1000 : this.forecast(now);
    parts.push(left > 0.5 ? t('left', { s: seconds(left) }) : t('elapsed', { s: seconds((now - this.began) / 1000) }));
    if (now - this.heard > 25000) parts.push(t('silent', { s: seconds((now - this.heard) / 1000) }));
    return parts.join(' · ');
  }

  // Seconds, from the pace of the steps so far.
  forecast(now) {
    const { done, total, began } = this.stages.diffusion ?? {};
    return done > 1 ? ((now - began) / 1000 / done) * (total - done) : 0;
  }
}

function pictureBlob({ b64_json: text, output_format: format = 'png' }) {
  return new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], { type: `image/${format}` });
}

// Draws codes as cells that fill in their order, and calm down with the steps. One pixel is one cell.
function paint({ canvas, stages, settings, frame }) {
  const { done = 0, total = 256 } = stages.text ?? {}, steps = stages.diffusion;
  const [width, height] = frame.style.aspectRatio.split('/').map(Number);
  const columns = Math.max(4, Math.round(Math.sqrt((total * width) / height))), rows = Math.ceil(total / columns);
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows });
  const context = canvas.getContext('2d');
  const colour = (name) => { canvas.style.color = `var(--${name})`; return getComputedStyle(canvas).color; };
  const colours = [1, 2, 3, 4, 5].map((number) => colour(`cell-${number}`)), accent = colour('accent');
  const noise = steps ? 1 - steps.done / steps.total : 1, round = steps?.done ?? 0;
  context.clearRect(0, 0, columns, rows);
  for (let cell = 0; cell < Math.min(done, total); cell++) {
    const value = scatter(cell, Number(settings.seed) + round * 7919 * (noise > 0.02 ? 1 : 0));
    context.globalAlpha = 0.35 + 0.65 * (value % 97) / 97 * (0.3 + 0.7 * noise);
    context.fillStyle = cell === done - 1 && !steps ? accent : colours[value % colours.length];
    context.fillRect(cell % columns, Math.floor(cell / columns), 1, 1);
  }
}

// Looks random, and is always the same for a cell.
function scatter(cell, seed) {
  let value = Math.imul(cell + 1, 2654435761) ^ Math.imul(seed % 65521, 40503);
  value = Math.imul(value ^ (value >>> 15), 2246822519);
  return (value ^ (value >>> 13)) >>> 0;
}

const busy = () => works.filter((work) => work.phase === 'sent');
const held = () => works.filter((work) => work.phase === 'held');

// The oldest first.
function schedule() {
  for (const work of held().reverse().slice(0, Math.max(0, together - busy().length))) {
    work.run().finally(schedule);
  }
  drawWorks();
}

function drawWorks() {
  const list = $('works'), elements = works.map((work) => work.element);
  if (elements.some((element, index) => list.children[index] !== element) || list.children.length !== elements.length) list.replaceChildren(...elements);
  list.classList.toggle('single', works.length === 1);
  for (const work of held()) work.draw();
  $('empty').hidden = works.length > 0;
  const count = busy().length + held().length;
  $('cancel-all').hidden = count < 2;
  document.title = count ? `${t('working', { n: count })} · GLM` : 'GLM';
}

function generate() {
  const settings = readSettings();
  const problem = !settings.prompt ? ['noPrompt', 'prompt'] : settings.size && !/^\d+x\d+$/.test(settings.size) ? ['badSize', 'size'] : seedProblem(settings.seed);
  if (problem) {
    $(problem[1]).focus();
    return announce(t(problem[0]), true);
  }
  const { n = 1, ...rest } = settings, first = BigInt(rest.seed ?? newSeed());
  const pictures = sources.items.map(({ blob }) => blob);
  const batch = Array.from({ length: Math.min(10, Math.max(1, n)) }, (_, index) => new Work({ ...rest, seed: String((first + BigInt(index)) & largestSeed) }, pictures));
  if (!isLocked()) $('seed').value = String(first);
  works = [...batch.reverse(), ...works].filter(({ phase }, index) => index < 100 || phase === 'held' || phase === 'sent');
  schedule();
  works[0].element.scrollIntoView({ block: 'nearest' });
}

const seedProblem = (seed) => (seed !== undefined && !(/^\d{1,20}$/.test(seed) && BigInt(seed) <= largestSeed) ? ['badSeed', 'seed'] : undefined);

async function showLatest() {
  const records = await store.all().catch(() => []);
  works = [...works, ...records.slice(0, 4).map(Work.of)];
  drawWorks();
}

// MARK: Questions

let turns = [];
let asking;

function newConversation() {
  asking?.abort();
  turns = [];
  drawTurns();
}

function dataURI(blob) {
  const reader = new FileReader();
  reader.readAsDataURL(blob);
  return settled(reader);
}

// So far; the pictures are in the first question.
async function messages() {
  const pictures = await Promise.all(subjects.items.map(async ({ blob }) => ({ type: 'image_url', image_url: { url: await dataURI(blob) } })));
  return turns.filter((turn) => turn.answer || turn === turns.at(-1)).flatMap((turn, index) => {
    const asked = { role: 'user', content: [...(index ? [] : pictures), { type: 'text', text: turn.question }] };
    return turn.answer ? [asked, { role: 'assistant', content: turn.answer }] : [asked];
  });
}

async function ask() {
  const question = $('question').value.trim();
  if (asking) return;
  if (!question) {
    $('question').focus();
    return announce(t('noQuestion'), true);
  }
  const turn = { question, answer: '', thoughts: '' };
  turns.push(turn);
  buildTurn(turn);
  $('question').value = '';
  asking = new AbortController();
  drawTurns();
  try {
    await answer(turn, asking.signal);
  } catch (error) {
    turn.problem = error.name === 'AbortError' ? t('cancelled') : error.message;
    tell(error);
  } finally {
    asking = undefined;
    drawTurn(turn);
    drawTurns();
  }
}

async function answer(turn, signal) {
  const body = { model: $('ask-model').value || undefined, stream: true, messages: await messages() };
  for await (const { data } of events(await post('/v1/chat/completions', body, signal))) {
    const choice = data?.choices?.[0];
    if (!choice) continue;
    turn.thoughts += choice.delta.reasoning ?? choice.delta.reasoning_content ?? '';
    turn.answer += choice.delta.content ?? '';
    turn.end = choice.finish_reason ?? turn.end;
    if (turn.end === 'length') turn.problem = t('cut');
    drawTurn(turn);
  }
  if (!turn.end) throw new Refusal(t('brokeOff'));
  whisper(turn.answer);
}

function buildTurn(turn) {
  const pictures = turns.length === 1 ? subjects.items.map(({ url }) => h('img', { src: url, alt: '' })) : [];
  turn.thoughtsText = h('p', {});
  turn.folded = h('details', { class: 'thoughts', hidden: true }, h('summary', { t: 'thoughts' }), turn.thoughtsText);
  turn.waiting = h('p', { class: 'waiting', t: 'thinking' });
  turn.answerText = h('p', { class: 'answer' });
  turn.problemText = h('p', { class: 'problem', hidden: true });
  turn.element = h('li', {}, h('div', { class: 'asked' }, pictures, h('p', {}, turn.question)), turn.folded, turn.waiting, turn.answerText, turn.problemText);
}

function drawTurn(turn) {
  turn.folded.hidden = !turn.thoughts.trim();
  turn.thoughtsText.textContent = turn.thoughts.trim();
  turn.answerText.textContent = turn.answer.trim();
  turn.waiting.hidden = Boolean(turn.answer || turn.problem || turn.end);
  turn.problemText.hidden = !turn.problem;
  turn.problemText.textContent = turn.problem ?? '';
}

function drawTurns() {
  $('turns').replaceChildren(...turns.map((turn) => turn.element));
  $('ask-empty').hidden = turns.length > 0;
  $('ask-stop').hidden = !asking;
  $('ask-send').disabled = Boolean(asking);
  $('ask-new').hidden = !turns.length || Boolean(asking);
  turns.at(-1)?.element.scrollIntoView({ block: 'nearest' });
}

// MARK: The fleet

// Between two looks, in milliseconds.
const lookEvery = 2000;
const samples = [];
let fleet;

async function watchFleet() {
  if (view !== 'fleet') return;
  if (!document.hidden) await lookAtFleet();
  clearTimeout(watchFleet.next);
  watchFleet.next = setTimeout(watchFleet, lookEvery);
}

async function lookAtFleet() {
  try {
    fleet = await (await call('/v1/fleet')).json();
  } catch (error) {
    say($('ready'), 'notReady');
    $('ready').className = 'ready bad';
    return patch($('fleet-body'), h('div', { id: 'fleet-body' }, h('p', { class: 'problem' }, error.message), [401, 403].includes(error.status) && button('key', askForKey)));
  }
  if (samples.length && samples.at(-1).time > fleet.uptime_seconds) samples.length = 0;
  samples.push({ time: fleet.uptime_seconds, images: fleet.images });
  if (samples.length > 60) samples.shift();
  drawFleet();
}

// Pictures a minute, of about the last minute.
function rate() {
  const last = samples.at(-1), first = samples.find(({ time }) => time >= last.time - 60);
  return last.time > first.time ? ((last.images - first.images) / (last.time - first.time)) * 60 : 0;
}

function drawFleet() {
  const problems = fleet.problems ?? [];
  say($('ready'), problems.length ? 'notReady' : 'isReady');
  $('ready').className = `ready ${problems.length ? 'bad' : 'good'}`;
  const fresh = h('div', { id: 'fleet-body' }, problems.map((problem) => h('p', { class: 'problem' }, problem)), tiles(),
    part('lines', h('ul', { class: 'lines' }, fleet.queues.map(lineRow))), part('cards', h('ul', { class: 'cards' }, fleet.cards.map(cardRow))),
    part('stages', groups().map(groupBlock), !fleet.writable && h('p', { class: 'dim', t: 'readOnly' })));
  patch($('fleet-body'), fresh);
}

const part = (key, ...children) => h('div', { class: 'part' }, h('h3', { t: key }), ...children);

function tiles() {
  const tile = (key, value) => h('div', { class: 'tile' }, h('dt', { t: key }), h('dd', {}, String(value)));
  return h('dl', { class: 'tiles' }, tile('pictures', fleet.images), tile('perMinute', rate().toFixed(1)), tile('answers', fleet.answers ?? '–'),
    tile('retries', fleet.retries), tile('refused', fleet.refused), tile('uptime', duration(fleet.uptime_seconds)));
}

function duration(value) {
  const minutes = Math.floor(value / 60), hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${minutes % 60} min` : minutes ? `${minutes} min` : `${Math.floor(value)} s`;
}

function lineRow({ kind, waiting, running, slots, seconds: each, done }) {
  const cells = slots <= 64 ? h('span', { class: 'cells', 'aria-hidden': 'true' }, Array.from({ length: slots }, (_, index) => h('i', { class: index < running ? 'on' : '' }))) : '';
  return h('li', {}, h('strong', {}, kind), cells,
    h('p', { class: 'facts' }, h('span', { class: waiting ? 'hot' : '' }, `${waiting} ${t('waiting')}`), fact('ofSlots', { running, slots }),
      each > 0 && fact('each', { s: seconds(each) }), fact('doneN', { n: done })));
}

function cardRow({ name, chip, health, memory_total: total, memory_free: free, temperature, power, stages }) {
  const used = total ? (total - free) / total : 0;
  return h('li', {}, h('div', { class: 'card-head' }, h('strong', {}, name), h('span', { class: 'dim' }, chip), health && h('span', { class: health === 'ok' ? 'good' : 'bad' }, health)),
    total > 0 && h('label', { class: 'meter' }, fact('memory'), h('progress', { max: 1, value: used.toFixed(4) }), h('output', { t: ['free', { free: bytes(free), total: bytes(total) }] })),
    h('p', { class: 'facts' }, temperature != null && h('span', { class: temperature > 85 ? 'hot' : '' }, `${t('temperature')} ${Math.round(temperature)} °C`),
      power != null && h('span', {}, `${t('power')} ${Math.round(power)} W`)),
    h('p', { class: 'tags' }, stages.length ? stages.map((stage) => h('span', {}, stage)) : fact('nothing')));
}

const kindOf = (stage) => stage.slice(0, stage.lastIndexOf('-'));

// Stages of one kind and model: scaled and swapped together.
function groups() {
  const found = new Map();
  for (const process of fleet.processes.filter(({ stage }) => kindOf(stage) !== 'gateway')) {
    const key = `${kindOf(process.stage)} ${process.model}`;
    found.set(key, [...(found.get(key) ?? []), process]);
  }
  return [...found.values()];
}

const countOf = (kind, model) => fleet.processes.filter((process) => kindOf(process.stage) === kind && process.model === model && process.state !== 'draining').length;

function groupBlock(stages) {
  const kind = kindOf(stages[0].stage), { model } = stages[0], count = countOf(kind, model);
  const control = (what, key, text) => h('button', { type: 'button', 'data-do': what, 'data-kind': kind, 'data-model': model, tLabel: [key, { kind, model }], disabled: what === 'fewer' && count < 2 }, text);
  return h('div', { class: 'group' },
    h('div', { class: 'group-head' }, h('h4', {}, kind, h('span', { class: 'dim' }, model)),
      fleet.writable && h('div', { class: 'controls' }, control('fewer', 'fewer', '−'), control('more', 'more', '+'), control('swap', 'swapOf', t('swap')))),
    h('ul', { class: 'stages' }, stages.map(stageRow)));
}

function stageRow({ stage, state, device, numerics, running, slots, restarts, memory_bytes: memory, problem, note }) {
  return h('li', {}, h('span', { class: `dot ${state.replace(' ', '-')}`, 'aria-hidden': 'true' }), h('strong', {}, stage), h('span', { class: 'state', t: state }),
    h('p', { class: 'facts' }, h('span', {}, [device, numerics].filter(Boolean).join(' · ')), fact('ofSlots', { running, slots }), memory > 0 && h('span', {}, bytes(memory)),
      h('span', { class: restarts ? 'hot' : '' }, `${t('restarts')} ${restarts}`)),
    fleet.writable && button('drain', undefined, { 'data-do': 'drain', 'data-stage': stage, tLabel: ['drainOf', { stage }] }),
    (problem || note) && h('p', { class: problem ? 'problem' : 'dim' }, problem || note));
}

const operations = {
  drain({ stage: name }) {
    const group = groups().find((stages) => stages.some(({ stage }) => stage === name));
    if (!group) return;
    const stage = group.find((other) => other.stage === name), kind = kindOf(name);
    const others = group.filter((other) => other !== stage && other.state === 'serving').length;
    const force = h('input', { type: 'checkbox' });
    confirm({
      title: t('drainOf', { stage: name }), text: t('drainText', { n: stage.running }) + t(others ? 'drainOthers' : 'drainLast', { others, kind, model: stage.model }),
      action: t('drain'), isDanger: true, fields: others ? [] : [h('label', { class: 'check' }, force, fact('force'))],
    }, () => operate('drain', { stage: name, force: force.checked }));
  },

  scale(kind, model, by) {
    const before = countOf(kind, model), n = before + by;
    confirm({ title: t(by > 0 ? 'more' : 'fewer', { kind, model }), text: t(by > 0 ? 'scaleUp' : 'scaleDown', { before, n }), action: `${before} → ${n}`, isDanger: by < 0 },
      () => operate('scale', { kind, replicas: n, model_name: model }));
  },

  more({ kind, model }) { this.scale(kind, model, 1); },
  fewer({ kind, model }) { this.scale(kind, model, -1); },

  swap({ kind, model }) {
    const folder = h('input', { type: 'text', autocomplete: 'off' });
    const n = countOf(kind, model);
    confirm({ title: t('swapOf', { kind, model }), text: t('swapText', { n }), action: t('swap'), isDanger: true, fields: [h('label', { class: 'field' }, fact('folder'), folder)] },
      () => operate('swap', { kind, model: folder.value.trim(), model_name: model }));
  },
};

// Shows each step of an operation.
async function operate(name, body) {
  const log = $('confirm-log');
  for await (const { data } of events(await post(`/v1/fleet/${name}`, body))) {
    if (data) log.append(h('li', {}, data.stage && h('strong', {}, `${data.stage} `), data.message));
  }
  log.append(h('li', { class: 'good', t: 'finished' }));
  lookAtFleet();
}

// Asks before what can't be taken back. What fails is told in the dialog.
function confirm({ title, text, action, fields = [], isDanger = false }, body) {
  $('confirm-title').textContent = title;
  $('confirm-text').textContent = text;
  $('confirm-fields').replaceChildren(...fields);
  $('confirm-log').replaceChildren();
  const button = $('confirm-do');
  Object.assign(button, { textContent: action, disabled: false, hidden: false, className: isDanger ? 'primary danger' : 'primary' });
  button.onclick = async () => {
    button.disabled = true;
    try {
      await body();
      button.hidden = true;
      $('confirm-close').focus();
    } catch (error) {
      button.disabled = false;
      $('confirm-log').append(h('li', { class: 'problem' }, error.message));
    }
  };
  $('confirm').showModal();
  (fields.length ? fields[0].querySelector('input') : $('confirm-close')).focus();
}

// MARK: The whole

let view = 'make';
const views = ['make', 'ask', 'history', 'fleet'];

function show(name) {
  if (!views.includes(name)) name = 'make';
  const isNew = view !== name;
  view = name;
  for (const other of views) $(other).hidden = other !== name;
  for (const link of document.querySelectorAll('nav a')) link.dataset.view === name ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
  if (isNew) {
    history.pushState(null, '', location.href);
    rememberSettings();
  }
  if (name === 'history') drawShelf();
  if (name === 'fleet') watchFleet();
}

const viewOfAddress = () => location.hash.slice(1).split('?')[0];

function askForKey() {
  $('key').value = secret.get('key') ?? '';
  $('key-dialog').showModal();
}

function setKey() {
  secret.set('key', $('key-dialog').returnValue === 'forget' ? '' : $('key').value.trim());
  drawKey();
  loadModels();
  if (view === 'fleet') watchFleet();
}

const drawKey = () => $('key-open').classList.toggle('set', Boolean(secret.get('key')));

function switchLanguage() {
  language = language === 'zh' ? 'en' : 'zh';
  remembered.set('language', language);
  translate();
  works.forEach((work) => work.draw?.());
  if (view === 'fleet' && fleet) drawFleet();
}

// In cells of the colours of page.css.
const sunrise = '5000050000066005006666000566660000066003030000232320523232332323';

function build() {
  collectEnglish();
  $('seal').src = document.querySelector('link[rel=icon]').href;
  $('sizes').append(...sizes.map((value) => h('option', { value })));
  const examples = ['a red circle above a blue square', 'a yellow cross left of a small green triangle on a grey background', 'the word "CAT"'];
  $('examples').append(...examples.map((prompt) => h('li', {}, h('button', { type: 'button', class: 'chip', onclick: () => { $('prompt').value = prompt; rememberSettings(); $('prompt').focus(); } }, prompt))));
  for (const mosaic of document.querySelectorAll('.mosaic')) mosaic.append(...Array.from(sunrise, (cell) => h('i', { class: `c${cell}` })));
  translate();
  drawKey();
}

const on = (id, event, body) => $(id).addEventListener(event, body);

function listen() {
  on('make-form', 'submit', (event) => { event.preventDefault(); generate(); });
  on('make-form', 'input', rememberSettings);
  on('seed', 'input', () => lockSeed($('seed').value.trim() !== ''));
  on('lock', 'click', () => {
    lockSeed(!isLocked());
    if (isLocked() && !$('seed').value) $('seed').value = newSeed();
    rememberSettings();
  });
  on('cancel-all', 'click', () => [...held(), ...busy()].forEach((work) => work.cancel()));
  on('ask-form', 'submit', (event) => { event.preventDefault(); ask(); });
  on('ask-stop', 'click', () => asking?.abort());
  on('ask-new', 'click', newConversation);
  on('clear', 'click', clearHistory);
  on('fleet-body', 'click', ({ target }) => { const button = target.closest('[data-do]'); if (button) operations[button.dataset.do](button.dataset); });
  on('key-open', 'click', askForKey);
  on('key-dialog', 'close', () => { if ($('key-dialog').returnValue) setKey(); $('key-dialog').returnValue = ''; });
  on('confirm-close', 'click', () => $('confirm').close());
  on('language', 'click', switchLanguage);
  for (const [id, pictures] of [['source-file', sources], ['ask-file', subjects]]) {
    $(id).addEventListener('change', ({ target }) => { pictures.add([...target.files]); target.value = ''; });
  }
  for (const link of document.querySelectorAll('nav a')) link.addEventListener('click', (event) => { event.preventDefault(); show(link.dataset.view); });
  addEventListener('popstate', () => { if (viewOfAddress() !== view) { view = ''; openAddress(); } });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) watchFleet(); });
  listenToKeys();
  listenToFiles();
}

function openAddress() {
  const name = viewOfAddress();
  view = views.includes(name) ? name : 'make';
  show(view);
}

function listenToKeys() {
  addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    if (view !== 'ask') show('make');
    (view === 'ask' ? $('ask-form') : $('make-form')).requestSubmit();
  });
}

function listenToFiles() {
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  const veil = (on) => $('veil').classList.toggle('shown', on);
  addEventListener('dragover', (event) => { if (hasFiles(event)) { event.preventDefault(); veil(true); } });
  addEventListener('dragleave', (event) => { if (!event.relatedTarget) veil(false); });
  addEventListener('drop', (event) => {
    veil(false);
    if (!hasFiles(event)) return;
    event.preventDefault();
    receive([...event.dataTransfer.files]);
  });
  addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) { event.preventDefault(); receive(files); }
  });
}

build();
listen();
openAddress();
loadModels();
showLatest();
