-- What scripts find beside the standard libraries, and how one of them is run.
-- Its arguments are functions of the server. None of them lets Lua allocate memory,
-- as that can fail where it must not: they return nil, booleans and numbers, and text
-- is taken by `take` when there is room for it.
local fetch, is_over, ask, parse, configuration, callbacks = ...

local concat, sort = table.concat, table.sort
local byte, find, format, gsub, match, rep = string.byte, string.find, string.format,
  string.gsub, string.match, string.rep
local gmatch = string.gmatch
local codepoint, length = utf8.codepoint, utf8.len
local collect, error, load, next, pairs, rawget, select, tonumber, type =
  collectgarbage, error, load, next, pairs, rawget, select, tonumber, type
local create, resume, status = coroutine.create, coroutine.resume, coroutine.status
local plain, sethook, globals = tostring, debug.sethook, _G

local STEPS = 1000000 -- between two looks at the clock
local DEPTH_MAX = 150
local ROOM = 65536
local SPARE = rep(" ", ROOM)

-- Nothing of the server can be reached by a script, and its time limit stays.
python, package.loaded.python = nil, nil
for name in pairs(debug) do
  if name ~= "traceback" and name ~= "getinfo" then debug[name] = nil end
end

-- Make sure that there is as much memory, be it by throwing away what is unused.
local function make_room(size)
  if size <= ROOM then return #(SPARE .. " ") end
  collect() -- as `rep` throws nothing away
  return #rep(" ", size)
end

local function take(size)
  make_room(size + ROOM)
  return fetch()
end

local function watch()
  make_room(ROOM)
  local reason = is_over()
  if reason then
    sethook(watch, "", 1) -- so that no pcall of the script goes on
    error(reason == 1 and "the script took too long" or "the server stops", 0)
  end
end

local function create_watched(work)
  local made = create(work)
  sethook(made, watch, "", STEPS)
  return made
end

local function passed(is_right, ...)
  if is_right then return ... end
  error((...), 2)
end

coroutine.create = create_watched

function coroutine.wrap(work)
  local made = create_watched(work)
  return function(...) return passed(resume(made, ...)) end
end

local printed = {}

local function say(...)
  local line = ""
  for i = 1, select("#", ...) do
    local text = tostring((select(i, ...))) -- scripts may have another one
    if type(text) ~= "string" then
      error("'tostring' must return a string to 'print'", 2)
    end
    text = match(text, "^[^\0]*")
    line = line == "" and text or line .. ", " .. text
  end
  printed[#printed + 1] = line
end

print = say

local function print_tree(value, left, path)
  if left < 1 then
    say("ERROR: Item limit reached.")
    return left - 1
  end
  if type(value) ~= "table" then
    say(path, type(value), value)
    return left - 1
  end
  say(path, "table")
  for key, member in pairs(value) do
    if left < 0 then break end
    left = print_tree(member, left, path .. "\t[" .. plain(key) .. "]")
  end
  return left
end

function PrintRecursive(value, limit, prefix)
  print_tree(value, limit or 100, prefix or "")
end

local function text_of(value)
  local kind = type(value)
  if kind == "string" then return value end
  return kind == "number" and plain(value) or nil
end

-- JSON

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f",
  ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escaped(character)
  return SHORT[character] or format("\\u%04x", byte(character))
end

local function escaped_letter(bytes)
  if length(bytes) ~= 1 then return "\\ufffd" end
  local code = codepoint(bytes)
  if code < 65536 then return format("\\u%04x", code) end
  code = code - 65536
  return format("\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 1023))
end

local function quoted(text)
  text = gsub(text, '[\0-\31"\\]', escaped)
  return '"' .. gsub(text, "[\128-\255][\128-\191]*", escaped_letter) .. '"'
end

local function numeral(number)
  if number ~= number then return "null" end
  if number == 1/0 then return "1e+9999" end
  if number == -1/0 then return "-1e+9999" end
  if number % 1 == 0 and number >= -2147483648 and number <= 2147483647 then
    return format("%d", number)
  end
  local text = format("%.17g", number)
  return find(text, "[.e]") and text or text .. ".0"
end

local json

local function json_of_table(value, keeps_text, depth)
  if depth > DEPTH_MAX then error("DumpJson: the tables are too deep") end
  local count, is_list = 0, true
  for _ in next, value do count = count + 1 end
  for i = 1, count do
    if rawget(value, i) == nil then is_list = false break end
  end
  local parts = {}
  if is_list then
    for i = 1, count do parts[i] = json(rawget(value, i), keeps_text, depth + 1) end
    return "[" .. concat(parts, ",") .. "]"
  end
  local names, members = {}, {}
  for key, member in next, value do
    local name = text_of(key) or error("DumpJson: a key is neither text nor a number")
    names[#names + 1], members[name] = name, member
  end
  sort(names)
  for i = 1, #names do
    local name = names[i]
    parts[i] = quoted(name) .. ":" .. json(members[name], keeps_text, depth + 1)
  end
  return "{" .. concat(parts, ",") .. "}"
end

function json(value, keeps_text, depth)
  local kind = type(value)
  if kind == "table" then return json_of_table(value, keeps_text, depth) end
  if kind == "boolean" then return plain(value) end
  if kind ~= "number" and kind ~= "string" then return "null" end
  if keeps_text then return quoted(plain(value)) end
  local number = tonumber(value)
  return number and numeral(number) or quoted(value)
end

function DumpJson(...)
  local count, value, keeps_text = select("#", ...), ...
  if count < 1 or count > 2 or count == 2 and type(keeps_text) ~= "boolean" then
    return nil
  end
  return json(value, keeps_text, 1)
end

local function value_of(size)
  if not size then return nil end
  local made = load(take(size), "=json", "t", {})
  return made and made()
end

function ParseJson(...)
  local text = text_of((...))
  if select("#", ...) ~= 1 or not text then return nil end
  make_room(ROOM)
  return value_of(parse(text))
end

function GetOrthancConfiguration()
  make_room(ROOM)
  return value_of(configuration())
end

-- The REST API of this server

local function headers_of(given)
  local parts = {}
  for name, value in next, given do
    name, value = text_of(name), text_of(value)
    if name and value then
      parts[#parts + 1] = name .. "\0" .. value
    end
  end
  return concat(parts, "\0")
end

local function call_rest(method, count, uri, body, is_builtin, headers)
  uri, body = text_of(uri), text_of(body)
  if count < 1 or count > 3 or not uri or not body
    or count > 1 and type(is_builtin) ~= "boolean"
    or headers ~= nil and type(headers) ~= "table" then
    return nil
  end
  headers = headers and headers_of(headers) or ""
  make_room(ROOM)
  local size = ask(method, uri, body, headers)
  if not size then return nil end
  return method == "DELETE" or take(size)
end

local function define_rest(name, method, has_body)
  if has_body then
    globals[name] = function(uri, ...)
      return call_rest(method, select("#", ...), uri, ...)
    end
  else
    globals[name] = function(...)
      local uri, is_builtin, headers = ...
      return call_rest(method, select("#", ...), uri, "", is_builtin, headers)
    end
  end
end

define_rest("RestApiGet", "GET", false)
define_rest("RestApiDelete", "DELETE", false)
define_rest("RestApiPost", "POST", true)
define_rest("RestApiPut", "PUT", true)

-- Running

local function run(size)
  local chunk, reason = load(take(size), "line", "t")
  if not chunk then error(reason, 0) end
  chunk()
  printed[#printed + 1] = ""
  return concat(printed, "\n")
end

local function defined_callbacks()
  local found = {}
  for name in gmatch(callbacks, "%a+") do
    if type(rawget(globals, name)) == "function" then found[#found + 1] = name end
  end
  return concat(found, " ")
end

return function(size)
  printed = {}
  local thread = create_watched(run)
  local is_right, result = resume(thread, size)
  if is_right and status(thread) ~= "dead" then
    is_right, result = false, "attempt to yield from outside a coroutine"
  end
  printed = {}
  thread = nil
  collect()
  if not is_right then
    -- Userdata is an error of the server itself.
    if type(result) == "userdata" then return false, result end
    return false, text_of(result) or "the error is no text"
  end
  return true, result, defined_callbacks()
end
