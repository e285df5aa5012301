"""The work: plain functions, without a word of Airflow."""


def count(region: str, orders: list[int]) -> dict[str, object]:
    return {"region": region, "orders": len(orders), "total": sum(orders)}


def report(counts: list[dict[str, object]]) -> str:
    lines = [f"{one['region']}: {one['orders']} orders, {one['total']} in all" for one in counts]
    print("\n".join(lines))
    return "; ".join(lines)
