/**
 * The fabric: carries messages between hosts, under rules and links.
 *
 * It behaves like TCP: what is lost is sent again with growing pauses until it arrives, or until the sender
 * gives up; messages of one lane arrive in order; who learns of a broken connection is decided above.
 */
import { SimError } from "../../errors.js";
import { didYouMean } from "../../shared/text.js";
import { createHost, type Host, type Loop } from "../index.js";
import { resolveLinkOptions, sampleDelayMs, type LinkOptions } from "./link.js";
import { createRuleBook, type Message, type RuleBook } from "./message.js";

// Names of what is asked about messages. There are few, for labels hold no ids, and thousands of messages of each:
// putting the name together anew, and hashing it, is a good part of what a message costs.

interface QuestionNames {
  /** Whether the message is lost. */
  readonly loss: string;
  /** How long it takes. */
  readonly latency: string;
}

/** @returns A function that gives equal messages the same object. */
function createQuestionNames(): (message: Message) => QuestionNames {
  const bySender = new Map<string, Map<string, Map<string, QuestionNames>>>();
  return ({ from, to, label }) => {
    let byReceiver = bySender.get(from);
    if (byReceiver === undefined) {
      byReceiver = new Map();
      bySender.set(from, byReceiver);
    }
    let byLabel = byReceiver.get(to);
    if (byLabel === undefined) {
      byLabel = new Map();
      byReceiver.set(to, byLabel);
    }
    let names = byLabel.get(label);
    if (names === undefined) {
      const name = `${from}>${to}/${label}`;
      names = { loss: `${name}/loss`, latency: `${name}/latency` };
      byLabel.set(label, names);
    }
    return names;
  };
}

/** Keeps the messages of one direction of one connection in order. Make one with `createLane`. */
export interface Lane {
  arrivesAfterUs: number;
  stalled: boolean;
  readonly waiting: (() => void)[];
}

/** @returns A lane on which nothing has been sent. */
export function createLane(): Lane {
  return { arrivesAfterUs: 0, stalled: false, waiting: [] };
}

/** What the sender wants to know of one message. */
interface Delivery {
  /** Runs at the receiving host when the message arrives; twice when a rule duplicates a request. */
  readonly arrive: () => void;
  /** Runs when a rule broke the connection or the sender gave up. */
  readonly broken: (code: "ECONNRESET" | "ETIMEDOUT") => void;
  /** Asked before each attempt; a message that nobody waits for any more is not sent again. */
  readonly wanted: () => boolean;
  readonly lane?: Lane;
}

export interface Fabric {
  readonly loop: Loop;
  readonly rules: RuleBook;
  /**
   * Adds a host, at first down.
   *
   * @param runsTestCode - Whether code of the test runs on it. @default false
   * @throws SimError `SIM_OPTION_INVALID` when the name is taken.
   */
  addHost(name: string, runsTestCode?: boolean): Host;
  /** @throws SimError `SIM_HOST_UNKNOWN` with the names there are. */
  host(name: string): Host;
  hosts(): readonly Host[];
  /** Every name that `resolve` knows: services first, then hosts. */
  names(): readonly string[];
  /** Gives a group of hosts one name, such as `gateway` for `gateway-0` and `gateway-1`. */
  addService(name: string, hostNames: readonly string[]): void;
  /** Lets one host have every name that `matches` says, and that no host or service has. */
  addAlias(matches: (name: string) => boolean, hostName: string): void;
  /** Hosts behind a host or service name, or an alias; empty when there is no such name. */
  resolve(name: string): readonly Host[];
  /** Describes the way between two hosts, in both directions. */
  setLink(one: string, other: string, options: LinkOptions): void;
  send(message: Message, delivery: Delivery): void;
  /** Pairs of hosts between which connections were opened so far, the opener first, in the order of first use. */
  connectedPairs(): readonly (readonly [string, string])[];
  /** Messages handed to `send` so far. */
  readonly sent: number;
}

const resendMsFirst = 200;
const resendMsMax = 3_200;
const resendAttemptsMax = 20;

export function createFabric(loop: Loop, defaultLink: LinkOptions = {}): Fabric {
  const rules = createRuleBook();
  const hosts = new Map<string, Host>();
  const services = new Map<string, readonly Host[]>();
  const aliases: { readonly matches: (name: string) => boolean; readonly hostName: string }[] = [];
  const links = new Map<string, Required<LinkOptions>>();
  const nominal = resolveLinkOptions(defaultLink);
  const namesOf = createQuestionNames();
  const connected = new Map<string, readonly [string, string]>();
  let sent = 0;

  function attempt(message: Message, delivery: Delivery, attempts: number): void {
    const lane = delivery.lane;
    if (!delivery.wanted()) {
      if (lane !== undefined) release(lane);
      return;
    }
    const link = links.size === 0 ? nominal : (links.get(`${message.from}>${message.to}`) ?? nominal);
    const names = namesOf(message);
    const verdict = rules.judge(message);
    const lost = loop.choices.chance("fault", names.loss, link.lossProbability);
    if (verdict?.action === "drop" || lost) {
      if (lane !== undefined) lane.stalled = true;
      sendAgain(message, delivery, attempts);
      return;
    }
    if (verdict?.action === "hold") {
      if (lane !== undefined) lane.stalled = true;
      verdict.until(() => attempt(message, delivery, attempts));
      return;
    }
    if (verdict?.action === "reset") {
      loop.schedule(link.delayMsMin, "message", `${message.label}/reset`, () =>
        delivery.broken("ECONNRESET"),
      );
      if (lane !== undefined) release(lane);
      return;
    }
    let delayMs = sampleDelayMs(loop.choices, link, names.latency);
    if (message.describe !== undefined) loop.choices.explain(message.describe);
    if (verdict?.action === "delay") delayMs += verdict.ms;
    deliver(message, delivery, delayMs);
    if (verdict?.action === "duplicate" && message.part === "request")
      deliver(message, delivery, delayMs * 2);
    if (lane !== undefined) release(lane);
  }

  function aliased(name: string): Host | undefined {
    const alias = aliases.find(({ matches }) => matches(name));
    return alias === undefined ? undefined : hosts.get(alias.hostName);
  }

  function deliver(message: Message, { arrive, lane }: Delivery, delayMs: number): void {
    let waitMs = delayMs;
    if (lane !== undefined) {
      const nowUs = loop.clock.nowUs;
      lane.arrivesAfterUs = Math.max(nowUs + Math.round(delayMs * 1000), lane.arrivesAfterUs + 1);
      waitMs = (lane.arrivesAfterUs - nowUs) / 1000;
    }
    const { label, to, digest, describe } = message;
    const event = loop.schedule(waitMs, "message", label, arrive, hosts.get(to)?.machine, digest);
    event.describe = describe;
  }

  function sendAgain(message: Message, delivery: Delivery, attempts: number): void {
    if (attempts >= resendAttemptsMax) {
      delivery.broken("ETIMEDOUT");
      return;
    }
    const pauseMs = Math.min(resendMsFirst * 2 ** attempts, resendMsMax);
    loop.schedule(pauseMs, "timer", "send-again", () => attempt(message, delivery, attempts + 1));
  }

  return {
    loop,
    rules,
    addHost(name, runsTestCode) {
      if (hosts.has(name) || services.has(name)) {
        throw new SimError(
          "SIM_OPTION_INVALID",
          `Cannot add a host "${name}": the name is taken.`,
          "Host and service names are unique within a world.",
        );
      }
      const host = createHost(loop, name, runsTestCode);
      hosts.set(name, host);
      return host;
    },
    host(name) {
      const host = hosts.get(name);
      if (host !== undefined) return host;
      throw new SimError(
        "SIM_HOST_UNKNOWN",
        `There is no host "${name}".`,
        didYouMean(name, [...hosts.keys()]),
      );
    },
    hosts: () => [...hosts.values()],
    names: () => [...services.keys(), ...hosts.keys()],
    addService(name, hostNames) {
      services.set(
        name,
        hostNames.map((hostName) => hosts.get(hostName)).filter((host) => host !== undefined),
      );
    },
    addAlias(matches, hostName) {
      aliases.push({ matches, hostName });
    },
    resolve(name) {
      const host = hosts.get(name) ?? services.get(name) ?? aliased(name);
      if (host === undefined) return [];
      return "incarnation" in host ? [host] : host;
    },
    setLink(one, other, options) {
      const link = resolveLinkOptions(options);
      links.set(`${one}>${other}`, link);
      links.set(`${other}>${one}`, link);
    },
    send(message, delivery) {
      sent += 1;
      if (message.part === "connect")
        connected.set(`${message.from}>${message.to}`, [message.from, message.to]);
      const { lane } = delivery;
      if (lane?.stalled === true) lane.waiting.push(() => attempt(message, delivery, 0));
      else attempt(message, delivery, 0);
    },
    connectedPairs: () => [...connected.values()],
    get sent() {
      return sent;
    },
  };
}

// What waited behind a stalled message goes out now, until one of those stalls again.
function release(lane: Lane): void {
  lane.stalled = false;
  while (!lane.stalled) {
    const next = lane.waiting.shift();
    if (next === undefined) return;
    next();
  }
}
