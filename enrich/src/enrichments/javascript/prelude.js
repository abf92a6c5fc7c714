// What a script finds when it begins: the event, and those classes of Java that scripts of the original use. Evaluated to
// a function of what is native and of the fields; it gives what calls `process`.
(function (native, fields) {
  "use strict";
  const TEXT = 0, INT = 1, BOOL = 2, FLOAT = 3, DECIMAL = 4, JSON_TEXT = 5, DERIVED = 6;
  const text = (value) => (value === null ? null : String(value).toWellFormed());
  const finite = (name, value) => {
    const number = Number(value);
    if (value === "" || typeof value === "object" && !(value instanceof BigDecimal) || !Number.isFinite(number)) {
      throw new TypeError(`${name}: ${value} is not a number`);
    }
    return number;
  };

  // Setters, by kind: what is written for a value.
  const written = {
    [TEXT]: (name, value) => text(value),
    [INT](name, value) {
      if (value === null || value === undefined) return null;
      const number = Math.trunc(finite(name, value));
      if (number < -2147483648 || number > 2147483647) throw new TypeError(`${name}: ${value} has more than 32 bits`);
      return String(number);
    },
    [BOOL](name, value) {
      if (value === null || value === undefined) return null;
      const number = finite(name, value);
      if (number !== 0 && number !== 1) throw new TypeError(`${name}: ${value} is neither 0 nor 1`);
      return String(number);
    },
    [FLOAT]: (name, value) => (value === null || value === undefined ? null : String(finite(name, value))),
    [DECIMAL](name, value) {
      if (value === null || value === undefined) return null;
      finite(name, value);
      return String(value);
    },
  };

  class Event {
    getPii() { return null; }
    setPii(value) { native.checkEntities(text(value)); }
    drop() { throw DROPPED; }
    eraseDerived_contexts() { native.erase(); }
  }
  const DROPPED = Object.freeze(new Error("the event was dropped"));
  fields.forEach(([name, kind], index) => {
    const end = name[0].toUpperCase() + name.slice(1);
    const number = kind !== TEXT && kind !== JSON_TEXT && kind !== DERIVED;
    const get = kind === DERIVED
      ? () => native.derived() ?? null
      : number
        ? () => { const value = native.get(index) ?? null; return value === null ? null : Number(value); }
        : () => native.get(index) ?? null;
    const set = kind === DERIVED
      ? () => {}
      : kind === JSON_TEXT
        ? (value) => {
          const why = native.setEntities(index, text(value));
          if (why) throw new Error(why);
        }
        : (value) => native.set(index, written[kind](`set${end}`, value));
    const method = (value) => ({ value, configurable: true, writable: true });
    Object.defineProperties(Event.prototype, {
      [`get${end}`]: method(get), [`set${end}`]: method(set), [name]: { get, set, configurable: true },
    });
  });

  // Java, as far as it is harmless.
  class Bytes extends Array {}
  const bytes = (numbers) => Bytes.from(numbers, (n) => (n << 24) >> 24);
  const octets = (value) => (typeof value === "string" ? native.utf8(value) : Array.from(value, (n) => n & 255));
  const hex = (algorithm) => (value) => native.hex(algorithm, octets(value));
  class List extends Array {
    size() { return this.length; }
    get(index) { return this[index]; }
    set(index, item) { const old = this[index]; this[index] = item; return old; }
    add(item) { this.push(item); return true; }
    contains(item) { return this.includes(item); }
    isEmpty() { return this.length === 0; }
  }
  class BigDecimal {
    constructor(value) { this.text = String(value); finite("BigDecimal", this.text); }
    static valueOf(value) { return new BigDecimal(value); }
    toString() { return this.text; }
    toPlainString() { return this.text; }
    valueOf() { return Number(this.text); }
    toJSON() { return Number(this.text); }
    doubleValue() { return Number(this.text); }
    intValue() { return Math.trunc(Number(this.text)); }
  }
  class JavaString {
    constructor(value = "") { return new String(typeof value === "string" ? value : native.text(octets(value))); }
    static valueOf(value) { return String(value); }
    static join(between, ...parts) { return (parts.length === 1 && typeof parts[0] !== "string" ? Array.from(parts[0]) : parts).join(between); }
  }
  class MessageDigest {
    constructor(algorithm) { this.algorithm = algorithm; this.all = []; native.hex(algorithm, []); }
    static getInstance(algorithm) { return new MessageDigest(algorithm); }
    update(part) { this.all.push(...(typeof part === "number" ? [part & 255] : octets(part))); }
    reset() { this.all = []; }
    digest(part) {
      if (part !== undefined) this.update(part);
      const digest = native.hex(this.algorithm, this.all);
      this.all = [];
      return bytes(digest.match(/../g).map((pair) => parseInt(pair, 16)));
    }
  }
  const encoder = (url, pad) => ({
    encodeToString: (value) => native.toBase64(octets(value), url, pad),
    encode: (value) => bytes(native.utf8(native.toBase64(octets(value), url, pad))),
    withoutPadding: () => encoder(url, false),
  });
  const decoder = {
    decode: (value) => bytes(native.fromBase64(typeof value === "string" ? value : native.text(octets(value)))),
  };
  const Base64 = {
    getEncoder: () => encoder(false, true), getUrlEncoder: () => encoder(true, true),
    getDecoder: () => decoder, getUrlDecoder: () => decoder, getMimeDecoder: () => decoder,
  };
  class UUID {
    constructor(value) { this.text = value; }
    static randomUUID() { return new UUID(native.randomUuid()); }
    static nameUUIDFromBytes(name) {
      const hash = native.hex("MD5", octets(name));
      const version = "3" + hash.slice(13, 16);
      const variant = ((parseInt(hash.slice(16, 18), 16) & 63) | 128).toString(16);
      return new UUID([hash.slice(0, 8), hash.slice(8, 12), version, variant + hash.slice(18, 20), hash.slice(20)].join("-"));
    }
    static fromString(value) {
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)) throw new Error(`Invalid UUID string: ${value}`);
      return new UUID(value.toLowerCase());
    }
    toString() { return this.text; }
    toJSON() { return this.text; }
    equals(other) { return other instanceof UUID && other.text === this.text; }
  }
  class Uri {
    constructor(value) {
      this.text = String(value);
      const parts = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(this.text);
      const [, scheme = null, authority = null, path, query = null, fragment = null] = parts;
      const host = authority === null ? null : /^(?:([^@]*)@)?(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(authority);
      Object.assign(this, { scheme, authority, path, query, fragment });
      this.host = host && host[2] || null;
      this.user = host && host[1] || null;
      this.port = host && host[3] ? Number(host[3]) : -1;
    }
    static create(value) { return new Uri(value); }
    getScheme() { return this.scheme; }
    getProtocol() { return this.scheme; }
    getAuthority() { return this.authority; }
    getUserInfo() { return this.user; }
    getHost() { return this.host; }
    getPort() { return this.port; }
    getRawPath() { return this.path; }
    getRawQuery() { return this.query; }
    getPath() { return decodeURIComponent(this.path); }
    getQuery() { return this.query === null ? null : decodeURIComponent(this.query); }
    getFragment() { return this.fragment; }
    toString() { return this.text; }
  }
  class Url extends Uri {
    constructor(value) {
      super(value);
      if (this.scheme === null) throw new Error(`no protocol: ${value}`);
    }
    getPath() { return this.path; }
    getQuery() { return this.query; }
    getRef() { return this.fragment; }
    getFile() { return this.path + (this.query === null ? "" : `?${this.query}`); }
  }
  const parsed = (value, radix = 10) => {
    const number = parseInt(value, radix);
    if (!/^[+-]?[0-9a-z]+$/i.test(value) || Number.isNaN(number)) throw new Error(`For input string: "${value}"`);
    return number;
  };
  const classes = {
    "org.apache.commons.codec.digest.DigestUtils": {
      md5Hex: hex("MD5"), shaHex: hex("SHA-1"), sha1Hex: hex("SHA-1"), sha256Hex: hex("SHA-256"),
      sha384Hex: hex("SHA-384"), sha512Hex: hex("SHA-512"), md2Hex: hex("MD2"),
    },
    "java.lang.Boolean": { parseBoolean: (value) => /^true$/i.test(value), valueOf: (value) => value === true || /^true$/i.test(value) },
    "java.lang.Double": { parseDouble: Number, valueOf: Number },
    "java.lang.Integer": { parseInt: parsed, valueOf: parsed, toHexString: (n) => (n >>> 0).toString(16) },
    "java.lang.Long": { parseLong: parsed, valueOf: parsed },
    "java.lang.Math": Math,
    "java.lang.String": JavaString,
    "java.lang.System": { currentTimeMillis: () => Date.now(), out: { println: () => {}, print: () => {} } },
    "java.math.BigDecimal": BigDecimal,
    "java.net.URI": Uri,
    "java.net.URL": Url,
    "java.net.URLDecoder": { decode: (value) => native.urlDecode(String(value)) },
    "java.net.URLEncoder": { encode: (value) => native.urlEncode(String(value)) },
    "java.nio.charset.StandardCharsets": { UTF_8: "UTF-8" },
    "java.security.MessageDigest": MessageDigest,
    "java.util.ArrayList": List,
    "java.util.Base64": Base64,
    "java.util.UUID": UUID,
  };
  const named = (name) => {
    if (!Object.hasOwn(classes, name)) throw new TypeError(`the Java class ${name} is not to be had here`);
    return classes[name];
  };
  const pack = (path) => new Proxy({}, {
    get(_, key) {
      if (typeof key !== "string") return undefined;
      const whole = path + key;
      return /^[A-Z]/.test(key) ? named(whole) : pack(`${whole}.`);
    },
  });
  const silent = () => {};
  const globals = {
    Java: { type: named, from: (list) => Array.from(list), to: (list) => list, extend() { throw new TypeError("Java.extend is not to be had here"); } },
    Packages: pack(""), java: pack("java."), javax: pack("javax."), org: pack("org."), com: pack("com."),
    print: silent, console: { log: silent, info: silent, warn: silent, error: silent, debug: silent },
  };
  const strings = {
    contains(part) { return this.includes(part); },
    equals(other) { return typeof other === "string" && String(this) === other; },
    equalsIgnoreCase(other) { return typeof other === "string" && this.toLowerCase() === other.toLowerCase(); },
    isEmpty() { return this.length === 0; },
    matches(pattern) { return new RegExp(`^(?:${pattern})$`, "s").test(this); },
    replaceFirst(pattern, by) { return this.replace(new RegExp(pattern), by); },
    getBytes() { return bytes(native.utf8(String(this))); },
    hashCode() { let hash = 0; for (let i = 0; i < this.length; i++) hash = (31 * hash + this.charCodeAt(i)) | 0; return hash; },
    compareTo(other) { return String(this) < other ? -1 : String(this) > other ? 1 : 0; },
  };
  const numbers = {
    doubleValue() { return Number(this); }, floatValue() { return Number(this); },
    intValue() { return Math.trunc(this); }, longValue() { return Math.trunc(this); },
  };
  const offer = (target, members) => {
    for (const [name, value] of Object.entries(members)) {
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
    }
  };
  offer(globalThis, globals);
  offer(String.prototype, strings);
  offer(Number.prototype, numbers);
  // Where the source marks its `throw`: the line and the column, behind which the value comes.
  let line = 0, column = 0;
  offer(globalThis, { __thrown(l, c) { line = l; column = c; } });

  const event = new Event();
  const told = (error) => {
    try { return String(error); } catch { return "something that has no text"; }
  };
  const fail = (error) => {
    let at = [line, column, true];
    if (error instanceof Error) {
      const frame = /<eval>:(\d+):(\d+)/.exec(error.stack);
      if (frame && Number(frame[1]) !== line) at = [Number(frame[1]), Number(frame[2]) - 1, false];
    }
    native.fail(told(error), ...at);
  };
  const parameters = JSON.parse(native.parameters);
  // The text of what `process` returns; undefined where it was not to be had, true where the event is dropped.
  return (headers) => {
    line = 0;
    try {
      const result = process(event, parameters, List.from(headers));
      return result === null || result === undefined ? null : String(JSON.stringify(result));
    } catch (error) {
      if (error === DROPPED) return true;
      fail(error);
      return undefined;
    }
  };
})
