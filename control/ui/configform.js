// Between the configuration and the fields of its forms. Pure.
import { capitalised } from "./format.js";
import { hasLogin } from "./secrets.js";

/** @typedef {import("./answers.js").FormKey} FormKey */
/** @typedef {Record<string, any>} Draft dotted key of the whole file -> its new value, undefined when it is dropped */

const ONCE = ["Settings", "WebUI", "Notifications", "Prowlarr"];
const KINDS = ["radarr", "sonarr", "lidarr"];
const NUMBERS = new Set(["integer", "number"]);
const DURATIONS = new Set(["seconds", "minutes", "days", "size", "kilobytes"]);

/** The model of a section. @param {string} section */
export function modelOf(section) {
  if (section === "qBit" || section.startsWith("qBit-")) {
    return "qBit";
  }
  return ONCE.includes(section) ? section : "Arr";
}

/** Kind of Arr of a section, empty for others. @param {string} section */
export function arrKind(section) {
  return KINDS.find((kind) => section.toLowerCase().startsWith(kind)) ?? "";
}

/** All sections of the file and of the draft, in the order of the file. */
export function sections(document, draft) {
  const drafted = Object.keys(draft).filter((key) => draft[key] !== undefined).map((key) => key.split(".")[0]);
  return [...new Set([...ONCE, ...Object.keys(document), ...drafted])].filter((name) => modelOf(name) !== "Arr" || arrKind(name));
}

/** The value of a key in the file, undefined when it has its default. @param {string} name dotted */
export function valueAt(document, section, name) {
  return name.split(".").reduce((table, part) => (table !== null && typeof table === "object" ? table[part] : undefined), document[section]);
}

/** Keys by the table that they stand in, the section itself first. @param {FormKey[]} keys @returns {[string, FormKey[]][]} */
export function groups(keys) {
  /** @type {Map<string, FormKey[]>} */
  const found = new Map();
  for (const key of keys) {
    const table = key.name.split(".").slice(0, -1).join(".");
    found.set(table, [...(found.get(table) ?? []), key]);
  }
  return [...found];
}

/** A value as the text of its field. @param {FormKey} key */
export function asText(key, value) {
  if (value === undefined || value === null) {
    return "";
  }
  if (key.many) {
    return value.join("\n");
  }
  return key.form === "mapping" ? Object.entries(value).map(([name, text]) => `${name} = ${text}`).join("\n") : String(value);
}

/** The text of a field: what was typed while it stands for the value, as `0.0` on the way to `0.05`. @param {FormKey} key @param {string | undefined} typed */
export const fieldText = (key, value, typed) => (typed !== undefined && fromText(key, typed) === value ? typed : asText(key, value));

/** What is allowed as a sentence, without the quotes of the file; empty where the field says it itself. @param {FormKey} key */
export function limitsOf({ form, limits }) {
  return form === "flag" || form === "choice" || (form === "text" && /^a text/.test(limits)) ? "" : capitalised(limits.replaceAll('"', "").replace(" in quotes", ""));
}

/** The value that a text stands for. What is no number stays a text: the daemon says what is wrong with it. @param {FormKey} key @param {string} text */
export function fromText(key, text) {
  if (key.many) {
    return text.split("\n").map((line) => line.trim()).filter(Boolean);
  }
  if (key.form === "mapping") {
    return Object.fromEntries(text.split("\n").filter((line) => line.includes("=")).map((line) => line.split(/=(.*)/s).slice(0, 2).map((part) => part.trim())));
  }
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(text.trim());
  if ((NUMBERS.has(key.form) || DURATIONS.has(key.form)) && isNumber) {
    return Number(text);
  }
  if (key.form === "choice") {
    return key.choices.find((choice) => String(choice) === text) ?? text;
  }
  return text;
}

/** What of a draft is to be sent. An object would merge, so one that replaces is deleted first by itself. @param {Draft} draft */
export function request(draft) {
  const entries = Object.entries(draft);
  return {
    changes: Object.fromEntries(entries.filter(([, value]) => value !== undefined)),
    deletions: entries.filter(([, value]) => value === undefined).map(([key]) => key),
  };
}

/** The draft with one more change; a value as in the file is no change. @param {Draft} draft @returns {Draft} */
export function withChange(draft, document, section, name, value) {
  const { [`${section}.${name}`]: _before, ...others } = draft;
  const present = valueAt(document, section, name);
  return JSON.stringify(present) === JSON.stringify(value) ? others : { ...others, [`${section}.${name}`]: value };
}

/** What of a draft may be kept outside of the page. @param {Draft} draft @param {Record<string, FormKey[]>} forms @returns {Draft} */
export function withoutSecrets(draft, forms) {
  const mayBeKept = ([name, value]) => {
    const [section, ...rest] = name.split(".");
    const key = forms[modelOf(section)]?.find((one) => one.name === rest.join("."));
    return value === undefined || (key && !key.secret && !hasLogin(JSON.stringify(value)));
  };
  return Object.fromEntries(Object.entries(draft).filter(mayBeKept));
}

/** A draft as text and back; JSON has no undefined. @param {Draft} draft */
export const packed = (draft) => JSON.stringify(request(draft));

/** @param {string | null} text @returns {Draft} */
export function unpacked(text) {
  try {
    const { changes, deletions } = JSON.parse(text ?? "{}");
    return { ...Object.fromEntries((deletions ?? []).map((key) => [key, undefined])), ...changes };
  } catch {
    return {};
  }
}

/** A value for people: lists with commas, an empty one as a dash. */
export function shown(value) {
  if (value === null || value === undefined || value === "") {
    return "–";
  }
  if (Array.isArray(value)) {
    return value.length ? value.map(shown).join(", ") : "–";
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const FILE_RULES = ["FolderExclusionRegex", "FileNameExclusionRegex", "FileExtensionAllowlist", "CaseSensitiveMatches", "FailArchives"];

/** The rules for files of an Arr as they are being filled in, as their test names them. @param {FormKey[]} keys @param {Draft} draft */
export function fileRules(keys, document, draft, section) {
  const valueOf = (key) => {
    const name = `${section}.${key.name}`;
    const present = name in draft ? draft[name] : valueAt(document, section, key.name);
    return present === undefined ? key.default : present;
  };
  const found = keys.filter(({ name }) => FILE_RULES.some((rule) => name === `Torrent.${rule}`));
  return Object.fromEntries(found.map((key) => {
    const rule = key.name.split(".")[1];
    return [rule[0].toLowerCase() + rule.slice(1), valueOf(key)];
  }));
}

export const REQUESTERS = ["overseerr", "ombi"];

/** The source of requests that a table of an Arr is about, as the test of a connection names it; empty for others. @param {string} table */
export const requester = (table) => (table === "EntrySearch.Overseerr" ? "overseerr" : table === "EntrySearch.Ombi" ? "ombi" : "");

/** What tests a source of requests: what is being filled in when it has a key of its own, else the one that is stored. @param {Draft} draft @param {string} requested */
export function requesterToTest(document, draft, section, requested) {
  const name = requested === "ombi" ? "Ombi" : "Overseerr";
  const valueOf = (key) => draft[`${section}.EntrySearch.${name}.${key}`] ?? valueAt(document, section, `EntrySearch.${name}.${key}`);
  const apiKey = draft[`${section}.EntrySearch.${name}.${name}APIKey`];
  if (!apiKey) {
    return { section, arrType: requested };
  }
  const requestsFor = arrKind(section);
  return { arrType: requested, requestsFor, uri: valueOf(`${name}URI`) ?? "", apiKey, skipTlsVerify: valueOf("SkipTLSVerify") === true };
}
