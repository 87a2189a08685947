/*
 * C++ for simdjson only; no exception crosses the C boundary.
 */
#include "daemon/kafka_stats.h"

#include <chrono>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <utility>

#include <simdjson.h>

using partition_key = std::pair<std::string, int32_t>;

struct kafka_stats_table {
    std::map<int64_t, int64_t> heard_us_by_broker; /* INT64_MAX: not up */
    int64_t any_heard_us = INT64_MAX;              /* the broker that was heard from last */
    std::map<partition_key, int64_t> leader;
    std::chrono::steady_clock::time_point read_at;
};

static void read_brokers(simdjson::dom::element root, kafka_stats_table &table)
{
    simdjson::dom::object brokers;
    if (root["brokers"].get(brokers))
        return;
    for (auto [name, broker] : brokers) {
        int64_t node = -1;
        int64_t idle_us = -1;
        std::string_view state, source;
        if (broker["nodeid"].get(node) || broker["state"].get(state) || node < 0)
            continue;
        if (broker["rxidle"].get(idle_us) || state != "UP" || idle_us < 0)
            idle_us = INT64_MAX;
        if (idle_us < table.any_heard_us)
            table.any_heard_us = idle_us;
        /* The coordinator is a connection of its own to a broker that has another one. */
        if (!broker["source"].get(source) && source == "logical")
            continue;
        table.heard_us_by_broker[node] = idle_us;
    }
}

static void read_topics(simdjson::dom::element root, kafka_stats_table &table)
{
    simdjson::dom::object topics;
    if (root["topics"].get(topics))
        return;
    for (auto [topic, content] : topics) {
        simdjson::dom::object partitions;
        if (content["partitions"].get(partitions))
            continue;
        for (auto [number, partition] : partitions) {
            int64_t id = -1;
            int64_t leader = -1;
            if (!partition["partition"].get(id) && !partition["leader"].get(leader) && id >= 0)
                table.leader[{std::string(topic), static_cast<int32_t>(id)}] = leader;
        }
    }
}

extern "C" void kafka_stats_read(struct kafka_stats *stats, const char *json, size_t size)
{
    try {
        simdjson::dom::parser parser;
        simdjson::dom::element root;
        if (parser.parse(json, size).get(root))
            return;
        auto *table = new kafka_stats_table();
        table->read_at = std::chrono::steady_clock::now();
        read_brokers(root, *table);
        read_topics(root, *table);
        delete stats->table;
        stats->table = table;
    } catch (const std::bad_alloc &) {
        return;
    }
}

extern "C" void kafka_stats_deinit(struct kafka_stats *stats)
{
    delete stats->table;
    stats->table = nullptr;
}

static int64_t age_us(const kafka_stats_table &table, int64_t heard_us)
{
    if (heard_us == INT64_MAX)
        return INT64_MAX;
    auto age = std::chrono::steady_clock::now() - table.read_at;
    return heard_us + std::chrono::duration_cast<std::chrono::microseconds>(age).count();
}

extern "C" int64_t kafka_stats_any_heard_us(const struct kafka_stats *stats)
{
    return stats->table ? age_us(*stats->table, stats->table->any_heard_us) : INT64_MAX;
}

extern "C" bool kafka_stats_knows(const struct kafka_stats *stats, const char *topic, int32_t partition)
{
    try {
        return stats->table && stats->table->leader.count({topic, partition}) > 0;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

extern "C" bool kafka_stats_any_up(const struct kafka_stats *stats)
{
    if (!stats->table)
        return false;
    for (const auto &broker : stats->table->heard_us_by_broker)
        if (broker.second != INT64_MAX)
            return true;
    return false;
}

extern "C" int64_t kafka_stats_heard_us(const struct kafka_stats *stats, const char *topic, int32_t partition)
{
    if (!stats->table)
        return INT64_MAX;
    try {
        const auto &table = *stats->table;
        auto leader = table.leader.find({topic, partition});
        if (leader == table.leader.end())
            return INT64_MAX;
        auto heard = table.heard_us_by_broker.find(leader->second);
        return heard == table.heard_us_by_broker.end() ? INT64_MAX : age_us(table, heard->second);
    } catch (const std::bad_alloc &) {
        return INT64_MAX;
    }
}
