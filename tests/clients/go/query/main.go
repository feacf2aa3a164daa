// SPDX-License-Identifier: Apache-2.0

// Query runs its arguments, one statement after the other, and prints the first column.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"net/url"
	"os"

	"github.com/trinodb/trino-go-client/trino"
)

func main() {
	server := url.URL{Scheme: "https", Host: os.Getenv("TRINO_HOST") + ":" + os.Getenv("TRINO_PORT")}
	config := trino.Config{
		ServerURI:   server.String(),
		SSLCertPath: os.Getenv("TRINO_CA"),
		AccessToken: os.Getenv("TRINO_TOKEN"),
	}
	dsn, err := config.FormatDSN()
	if err != nil {
		log.Fatal(err)
	}
	db, err := sql.Open("trino", dsn)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	for _, statement := range os.Args[1:] {
		rows, err := db.Query(statement)
		if err != nil {
			log.Fatal(err)
		}
		for rows.Next() {
			var value string
			if err := rows.Scan(&value); err != nil {
				log.Fatal(err)
			}
			fmt.Println(value)
		}
		if err := rows.Err(); err != nil {
			log.Fatal(err)
		}
	}
}
