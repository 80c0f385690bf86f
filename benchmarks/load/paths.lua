-- Asks for the paths of a file, one a line, over and over, in their order.
local paths, position = {}, 0

function init(arguments)
  for path in io.lines(arguments[1]) do paths[#paths + 1] = path end
end

function request()
  position = position % #paths + 1
  return wrk.format("GET", paths[position])
end
