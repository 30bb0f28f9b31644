// SPDX-License-Identifier: Apache-2.0
// Module level: directives, variables with their initial values, functions up to their bodies.
#include "tests/support/ptx/parser.h"

#include <fmt/format.h>
#include <algorithm>
#include <cstring>

namespace convt::ptx {
namespace {

Type element_type(Cursor& cursor) {
    const std::optional<Type> type = type_named(cursor.peek().text.substr(1));
    if (!type) cursor.fail("expected a type");
    cursor.next();
    return *type;
}

void parse_initial(Cursor& cursor, Variable& variable, unsigned element) {
    variable.initial.resize(variable.bytes);
    const bool list = cursor.take("{");
    std::size_t at = 0;
    do {
        if (at + element > variable.bytes) cursor.fail("more initial values than elements");
        if (cursor.peek().kind == Token::Kind::word) cursor.fail("an address as initial value is not supported");
        std::uint64_t bits = 0;
        const std::string_view text = cursor.peek().text;
        if (text.size() > 2 && (text.substr(0, 2) == "0f" || text.substr(0, 2) == "0d")) {
            bits = integer_literal(fmt::format("0x{}", text.substr(2)), cursor.line());
            cursor.next();
        } else {
            bits = static_cast<std::uint64_t>(cursor.integer());
        }
        std::memcpy(variable.initial.data() + at, &bits, element);
        at += element;
    } while (list && cursor.take(","));
    if (list) cursor.expect("}");
}

std::vector<int> parse_limits(Cursor& cursor) {
    std::vector<int> values;
    do
        values.push_back(static_cast<int>(cursor.integer()));
    while (cursor.take(","));
    return values;
}

// Between the parameters and the body.
void parse_function_directives(Cursor& cursor, Function& function) {
    while (!cursor.is("{") && !cursor.is(";")) {
        const std::string directive = cursor.word("a directive or the body of the function");
        if (directive == ".noreturn") continue;
        if (directive == ".pragma") {
            cursor.next();
            cursor.take(";");
            continue;
        }
        if (directive[0] != '.') cursor.fail("expected a directive or the body of the function");
        function.limits[directive.substr(1)] = parse_limits(cursor);
    }
}

std::vector<Variable> parse_params(Cursor& cursor) {
    std::vector<Variable> params;
    cursor.expect("(");
    while (!cursor.take(")")) {
        if (!params.empty()) cursor.expect(",");
        if (!cursor.take(".param") && !cursor.take(".reg")) cursor.fail("expected .param");
        params.push_back(parse_variable(cursor, Space::param));
    }
    return params;
}

void parse_function(Cursor& cursor, Module& module, bool entry) {
    Function function;
    function.line = cursor.line();
    function.entry = entry;
    if (!entry && cursor.is("(")) parse_params(cursor);
    function.name = cursor.word("the name of a function");
    if (cursor.is("(")) function.params = parse_params(cursor);
    parse_function_directives(cursor, function);
    if (cursor.take(";")) return;  // a declaration
    parse_body(cursor, function);
    module.functions.push_back(std::move(function));
}

void skip_line(Cursor& cursor) {
    for (const int line = cursor.line(); cursor.line() == line && !cursor.at_end();)
        cursor.next();
}

void parse_header(Cursor& cursor, Module& module) {
    const char* const order = "a module begins with .version, .target and .address_size";
    if (!cursor.take(".version")) cursor.fail(order);
    module.version = std::string(cursor.next().text);
    if (!cursor.take(".target")) cursor.fail(order);
    do
        module.target += cursor.word("a target") + ' ';
    while (cursor.take(","));
    if (!cursor.take(".address_size")) cursor.fail(order);
    if (cursor.integer() != 64) cursor.fail("only 64-bit addresses are supported");
}

void parse_declaration(Cursor& cursor, Module& module) {
    if (cursor.is(".file") || cursor.is(".loc") || cursor.is(".section")) return skip_line(cursor);
    bool external = false;
    while (cursor.is(".visible") || cursor.is(".extern") || cursor.is(".weak") || cursor.is(".common")) {
        external = cursor.next().text == ".extern" || external;
    }
    const std::string what = cursor.word("a declaration");
    if (what == ".entry" || what == ".func") return parse_function(cursor, module, what == ".entry");
    const std::optional<Space> space = what[0] == '.' ? space_named(std::string_view(what).substr(1)) : std::nullopt;
    if (!space) cursor.fail(fmt::format("'{}' begins no declaration known here", what));
    module.variables.push_back(parse_variable(cursor, *space));
    module.variables.back().declared_only = external && !module.variables.back().unsized;
    cursor.expect(";");
}

}  // namespace

Variable parse_variable(Cursor& cursor, Space space) {
    Variable variable;
    variable.space = space;
    variable.line = cursor.line();
    Type type = Type::none;
    bool pointer = false;
    while (cursor.peek().kind == Token::Kind::word && cursor.peek().text[0] == '.') {
        const std::string_view word = cursor.peek().text.substr(1);
        if (cursor.take(".align")) {
            const std::int64_t align = cursor.integer();
            if (!pointer) variable.align = static_cast<unsigned>(align);
        } else if (word == "ptr" || (pointer && space_named(word))) {
            pointer = true;  // what follows says where it points
            cursor.next();
        } else {
            type = element_type(cursor);
        }
    }
    if (type == Type::none) cursor.fail("expected a type");
    if (variable.align == 0 || (variable.align & (variable.align - 1)) != 0)
        cursor.fail("alignment is no power of two");
    variable.name = cursor.word("a name");
    std::uint64_t count = 1;
    while (cursor.take("[")) {
        variable.unsized = cursor.is("]");
        const std::int64_t extent = variable.unsized ? 0 : cursor.integer();
        if (extent < 0 || extent > (std::int64_t{1} << 32)) cursor.fail("an array of this extent");
        count *= static_cast<std::uint64_t>(extent);
        cursor.expect("]");
    }
    variable.bytes = count * bytes_of(type);
    // A scalar parameter lies at a multiple of its size, as every variable does that says nothing else.
    variable.align = std::max(variable.align, bytes_of(type));
    if (cursor.take("=")) parse_initial(cursor, variable, bytes_of(type));
    return variable;
}

Module parse(std::string_view text) {
    Cursor cursor(tokens_of(text));
    Module module;
    parse_header(cursor, module);
    while (!cursor.at_end())
        parse_declaration(cursor, module);
    return module;
}

}  // namespace convt::ptx
