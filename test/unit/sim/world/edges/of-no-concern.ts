/** What Node has that gives neither time nor randomness nor the outside: by version 24, some of it only in some versions. */

const names: Readonly<Record<string, string>> = {
  globalThis: `
    AbortController AbortSignal AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt
    BigInt64Array BigUint64Array Blob Boolean Buffer ByteLengthQueuingStrategy CountQueuingStrategy
    DOMException DataView DisposableStack Error EvalError EventTarget File Float16Array Float32Array
    Float64Array FormData Function Headers Infinity Int16Array Int32Array Int8Array Iterator JSON Map Math
    NaN Navigator Number Object Performance PerformanceEntry Promise Proxy RangeError
    ReadableByteStreamController ReadableStream ReadableStreamBYOBReader ReadableStreamBYOBRequest
    ReadableStreamDefaultController ReadableStreamDefaultReader ReferenceError Reflect RegExp Request
    Response Set SharedArrayBuffer String SuppressedError Symbol SyntaxError TextDecoder TextDecoderStream
    TextEncoder TextEncoderStream TransformStream TransformStreamDefaultController TypeError URIError URL
    URLPattern URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet
    WebAssembly WritableStream WritableStreamDefaultController WritableStreamDefaultWriter atob btoa
    decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval global globalThis isFinite isNaN
    navigator parseFloat parseInt performance structuredClone undefined unescape
  `,
  modules: `
    assert assert/strict async_hooks buffer console constants diagnostics_channel domain module path
    path/posix path/win32 process punycode querystring sea stream stream/consumers stream/promises
    stream/web string_decoder sys url util util/types vm
  `,
  "node:perf_hooks": `
    Performance PerformanceEntry PerformanceMark PerformanceMeasure PerformanceObserver
    PerformanceObserverEntryList PerformanceResourceTiming constants performance
  `,
  "node:crypto": `
    Certificate Cipher Cipheriv Decipher Decipheriv DiffieHellmanGroup Hash Hmac KeyObject Verify
    X509Certificate argon2Sync checkPrimeSync constants createCipher createCipheriv createDecipher
    createDecipheriv createDiffieHellmanGroup createHash createHmac createPrivateKey createPublicKey
    createSecretKey createVerify decapsulate diffieHellman fips getCipherInfo getCiphers getCurves
    getDiffieHellman getFips getHashes hash hkdfSync pbkdf2Sync privateDecrypt privateEncrypt publicDecrypt
    scryptSync secureHeapUsed setEngine setFips timingSafeEqual verify
  `,
  process: `
    _debugEnd _debugProcess _events _eventsCount _exiting _fatalException _getActiveHandles
    _getActiveRequests _kill _linkedBinding _maxListeners _preload_modules _rawDebug
    _startProfilerIdleNotifier _stopProfilerIdleNotifier _tickCallback abort allowedNodeEnvironmentFlags
    arch argv argv0 assert binding chdir config cwd debugPort dlopen domain emitWarning env execArgv
    execPath exit exitCode features finalization getBuiltinModule getegid geteuid getgid getgroups getuid
    hasUncaughtExceptionCaptureCallback initgroups loadEnvFile moduleLoadList noProcessWarnings platform
    reallyExit ref release setSourceMapsEnabled setUncaughtExceptionCaptureCallback setegid seteuid setgid
    setgroups setuid sourceMapsEnabled stderr stdout title umask unref version versions
  `,
  performance: `
    clearMarks clearMeasures clearResourceTimings constructor getEntries getEntriesByName getEntriesByType
    onresourcetimingbufferfull setResourceTimingBufferSize
  `,
  Atomics: `
    add and compareExchange exchange isLockFree load or store sub xor
  `,
  AbortSignal: `
    abort any length name prototype
  `,
  Date: `
    UTC length name parse prototype
  `,
  Intl: `
    Collator DisplayNames DurationFormat ListFormat Locale NumberFormat PluralRules RelativeTimeFormat
    Segmenter getCanonicalLocales supportedValuesOf
  `,
  crypto: `
    constructor
  `,
  navigator: `
    constructor language languages platform userAgent
  `,
};

/** Such as `globalThis.Array`, `process.argv`, `node:path`. */
export const ofNoConcern: ReadonlySet<string> = new Set(
  Object.entries(names).flatMap(([of, text]) =>
    text
      .trim()
      .split(/\s+/)
      .map((name) => (of === "modules" ? `node:${name}` : `${of}.${name}`)),
  ),
);
